#include "native/audit/subgroups.h"

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "core/metrics/target.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"

namespace dermdistill {
namespace {

struct AgeBand {
  double below;
  std::string_view name;
};
constexpr std::array<AgeBand, 4> kAgeBands{
    {{30, "under 30"}, {50, "30 to 49"}, {70, "50 to 69"}, {HUGE_VAL, "70 and over"}}};

/// Collections of ISIC 2019 by how their lesion ids begin.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kCollections{
    {{"HAM_", "HAM10000"}, {"BCN_", "BCN_20000"}, {"MSK4_", "MSK"}}};

/// Where a group stands among its neighbours, and its name.
using GroupKey = std::pair<std::size_t, std::string>;
constexpr std::size_t kLastPlace = 100;

GroupKey named_group(std::string name) {
  if (name.empty()) return {kLastPlace, std::string(kNotRecorded)};
  return {0, std::move(name)};
}

GroupKey age_group(const Sample& sample) {
  for (std::size_t band = 0; band < kAgeBands.size(); ++band) {
    if (sample.age < kAgeBands[band].below) return {band, std::string(kAgeBands[band].name)};
  }
  return named_group({});
}

Subgroup counted_group(const std::string& name, const Predictions& predictions) {
  const int melanoma = class_index(predictions.classes, kMelanomaClass);
  Subgroup group;
  group.name = name;
  for (const int label : predictions.labels) group.melanomas += label == melanoma ? 1 : 0;
  group.images = static_cast<std::int64_t>(predictions.labels.size());
  group.lesions = static_cast<std::int64_t>(std::set<int>(predictions.groups.begin(), predictions.groups.end()).size());
  group.classes = static_cast<int>(std::set<int>(predictions.labels.begin(), predictions.labels.end()).size());
  return group;
}

}  // namespace

std::string source_of(const Sample& sample) {
  if (!sample.source.empty()) return sample.source;
  if (!sample.lesion_known) return {};
  for (const auto& [beginning, name] : kCollections) {
    if (sample.lesion.starts_with(beginning)) return std::string(name);
  }
  return {};
}

Predictions predictions_of(const Predictions& predictions, std::span<const int> images) {
  const std::size_t classes = predictions.classes.size();
  Predictions chosen;
  chosen.classes = predictions.classes;
  for (const int index : images) {
    const auto image = static_cast<std::size_t>(index);
    chosen.labels.push_back(predictions.labels.at(image));
    if (!predictions.image_ids.empty()) chosen.image_ids.push_back(predictions.image_ids.at(image));
    if (!predictions.groups.empty()) chosen.groups.push_back(predictions.groups.at(image));
    for (std::size_t c = 0; c < classes; ++c)
      chosen.probabilities.push_back(predictions.probabilities.at(image * classes + c));
  }
  return chosen;
}

SubgroupReport compare_subgroups(const ModelCard& card, const Dataset& dataset, const Predictions& predictions,
                                 const SubgroupOptions& options) {
  if (predictions.labels.size() != dataset.samples.size() || predictions.groups.size() != dataset.samples.size()) {
    throw ShapeError("predictions of groups", std::to_string(predictions.labels.size()) + " of them",
                     "one for each of " + std::to_string(dataset.samples.size()) + " images, with its lesion");
  }
  const std::vector<std::pair<std::string, std::function<GroupKey(const Sample&)>>> rules{
      {"sex", [](const Sample& sample) { return named_group(sample.sex); }},
      {"age", age_group},
      {"body site", [](const Sample& sample) { return named_group(sample.site); }},
      {"source", [](const Sample& sample) { return named_group(source_of(sample)); }}};

  SubgroupReport report;
  report.all = counted_group("all", predictions);
  std::vector<std::pair<Subgroup*, Predictions>> to_measure{{&report.all, predictions}};
  report.groupings.reserve(rules.size());  // so that the pointers stay
  for (const auto& [name, key_of] : rules) {
    std::map<GroupKey, std::vector<int>> images_of;
    for (std::size_t i = 0; i < dataset.samples.size(); ++i)
      images_of[key_of(dataset.samples[i])].push_back(static_cast<int>(i));
    Grouping& grouping = report.groupings.emplace_back(Grouping{name, {}});
    if (images_of.size() == 1 && images_of.begin()->first.second == kNotRecorded) continue;
    grouping.groups.reserve(images_of.size());
    for (const auto& [key, images] : images_of) {
      Predictions chosen = predictions_of(predictions, images);
      Subgroup& group = grouping.groups.emplace_back(counted_group(key.second, chosen));
      if (group.images >= kFewestGroupImages) to_measure.emplace_back(&group, std::move(chosen));
    }
  }

  MetricOptions metric_options;
  metric_options.seed = options.seed;
  metric_options.bootstrap_samples = options.bootstrap_samples;
  metric_options.wanted_sensitivities.clear();  // thresholds found on the images they are judged on say too much
  for (const OperatingPoint& point : card.operating_points)
    metric_options.given_thresholds.push_back({point.target, point.threshold});
  std::optional<Progress> progress;
  if (!options.title.empty()) progress.emplace(options.title, static_cast<std::int64_t>(to_measure.size()), "groups");
  for (auto& [group, chosen] : to_measure) {
    if (interrupt_requested()) throw Interrupted("stopped; nothing was written");
    group->metrics = compute_metrics(chosen, metric_options);
    if (progress) progress->advance(1);
  }
  return report;
}

}  // namespace dermdistill
