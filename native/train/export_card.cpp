#include "native/train/export_card.h"

#include <algorithm>

#include "core/learn/out_of_distribution.h"
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

}  // namespace

void calibrate_card(ModelCard& card, const Scores& validation, const Dataset& dataset, std::uint64_t seed,
                    const Gaussian* early_statistics) {
  const int classes = static_cast<int>(card.classes.size());
  card.temperature = fit_temperature(validation.logits, validation.labels, classes);
  card.training.erase("calibration");
  if (classified_without_error(validation.logits, validation.labels, classes)) {
    card.training["calibration"] = "temperature 1, not fitted: of " + std::to_string(validation.labels.size()) +
                                   " validation images none is misclassified, so that they do not tell how sure the "
                                   "model may be";
  }
  card.out_of_distribution =
      early_statistics ? fit_stranger_score(validation.early_embeddings, *early_statistics) : nlohmann::json::object();

  MetricOptions options;
  options.seed = seed;
  const MetricReport report = compute_metrics(to_predictions(validation, dataset, card.temperature), options);
  card.operating_points.clear();
  for (const DecisionThreshold& point : report.operating_points) {
    if (!point.sensitivity || !point.specificity) continue;
    card.operating_points.push_back(
        {point.target, std::clamp(point.threshold, 0.0, 1.0), point.sensitivity->value, point.specificity->value});
  }
  card.metrics["validation"] = to_json(report, CurveDetail::Thinned);
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
