#include "native/train/export_card.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/learn/temperature.h"
#include "core/metrics/metrics.h"

namespace dermdistill {
namespace {

constexpr char kIsicNotice[] =
    "Trained on images of the ISIC 2019 challenge (ISIC Archive), licence CC BY-NC 4.0: this model is for "
    "non-commercial "
    "use only. Attribution: HAM10000 (ViDIR Group, Medical University of Vienna; Tschandl, Rosendahl, Kittler 2018, "
    "doi:10.1038/sdata.2018.161), BCN_20000 (Hospital Clinic de Barcelona; Combalia et al., arXiv:1908.02288), "
    "MSK (Codella et al., arXiv:1710.05006).";

/// The value below which the share lies, between neighbours by straight line; `sorted` ascending, not empty.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

nlohmann::json energy_statistics(const Scores& validation, int classes, double temperature) {
  std::vector<double> values = energies(validation.logits, classes, temperature);
  std::sort(values.begin(), values.end());
  nlohmann::json quantiles = nlohmann::json::object();
  for (const int percent : {5, 50, 90, 95, 99}) quantiles[std::to_string(percent)] = quantile(values, percent / 100.0);
  return {
      {"score", "energy"},
      {"temperature", temperature},
      {"percentiles", quantiles},
      {"images", values.size()},
      {"meaning", "-T log sum exp(logit / T) on validation images; above the 95th percentile an image is unlike them"}};
}

}  // namespace

std::vector<double> energies(std::span<const float> logits, int classes, double temperature) {
  if (classes < 1 || logits.size() % static_cast<std::size_t>(classes) != 0) {
    throw ShapeError("logits", std::to_string(logits.size()) + " values", "rows of " + std::to_string(classes));
  }
  std::vector<double> result;
  for (std::size_t row = 0; row < logits.size(); row += static_cast<std::size_t>(classes)) {
    const auto values = logits.subspan(row, static_cast<std::size_t>(classes));
    const double highest = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const float value : values) sum += std::exp((static_cast<double>(value) - highest) / temperature);
    result.push_back(-highest - temperature * std::log(sum));
  }
  return result;
}

void calibrate_card(ModelCard& card, const Scores& validation, const Dataset& dataset, std::uint64_t seed) {
  const int classes = static_cast<int>(card.classes.size());
  card.temperature = fit_temperature(validation.logits, validation.labels, classes);
  card.training.erase("calibration");
  if (classified_without_error(validation.logits, validation.labels, classes)) {
    card.training["calibration"] = "temperature 1, not fitted: of " + std::to_string(validation.labels.size()) +
                                   " validation images none is misclassified, so that they do not tell how sure the "
                                   "model may be";
  }
  card.out_of_distribution = energy_statistics(validation, classes, card.temperature);

  MetricOptions options;
  options.seed = seed;
  const MetricReport report = compute_metrics(to_predictions(validation, dataset, card.temperature), options);
  card.operating_points.clear();
  for (const DecisionThreshold& point : report.operating_points) {
    if (!point.sensitivity || !point.specificity) continue;
    card.operating_points.push_back(
        {point.target, std::clamp(point.threshold, 0.0, 1.0), point.sensitivity->value, point.specificity->value});
  }
  card.metrics["validation"] = to_json(report);
}

std::vector<std::string> data_notices(const Dataset& dataset) {
  const bool isic = std::any_of(dataset.samples.begin(), dataset.samples.end(),
                                [](const Sample& sample) { return sample.id.find("ISIC_") != std::string::npos; });
  return isic ? std::vector<std::string>{kIsicNotice} : std::vector<std::string>{};
}

void add_notices(ModelCard& card, const std::vector<std::string>& notices) {
  if (!card.notices.is_array()) card.notices = nlohmann::json::array();
  for (const std::string& notice : notices) {
    if (std::find(card.notices.begin(), card.notices.end(), notice) == card.notices.end())
      card.notices.push_back(notice);
  }
}

}  // namespace dermdistill
