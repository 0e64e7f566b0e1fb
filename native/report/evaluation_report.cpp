// The report of an evaluation: what was judged on what, how well with which certainty, and where it went wrong.
#include <algorithm>
#include <exception>

#include "core/base/error.h"
#include "core/io/model_card.h"
#include "native/base/files.h"
#include "native/report/evaluation_sections.h"
#include "native/report/html.h"
#include "native/report/metric_figures.h"
#include "native/report/report.h"
#include "native/report/thumbnail.h"

namespace dermdistill {
namespace {

using html::escape;

void check_report(const EvaluationReport& report) {
  check_predictions(report.predictions);
  const auto images = static_cast<std::int64_t>(report.predictions.labels.size());
  if (report.metrics.images == images && report.metrics.classes == report.predictions.classes) return;
  throw InputError(
      "evaluation report",
      "metrics of " + std::to_string(report.metrics.images) + " images with predictions of " + std::to_string(images),
      "the metrics of these predictions");
}

std::string header(const EvaluationReport& report) {
  std::string text = "<header><p class=\"kicker\">DermDistill evaluation report</p>\n<h1>" +
                     escape(report.title.empty() ? report.model : report.title) + "</h1>\n<p class=\"lead\">" +
                     std::to_string(report.metrics.images) + " images of " + std::to_string(report.metrics.groups) +
                     " lesions \u00B7 " + escape(report.split) + " \u00B7 " + escape(report.data_set) + "</p>\n";
  text += "<p class=\"device\">Research and education software, not a medical device.</p>\n";
  if (report.split_by_image) {
    text +=
        "<p class=\"warning\"><b>This split leaks.</b> It was made by image, so images of one lesion can be in "
        "training and "
        "here; the numbers below are too good.</p>\n";
  }
  return text + "</header>\n";
}

std::string interval_note(const MetricReport& metrics) {
  if (metrics.bootstrap_samples == 0) return "No confidence intervals were computed.";
  return "Below each number is its " + html::number(100 * metrics.confidence, 4) +
         "\u00A0% confidence interval, from " + std::to_string(metrics.bootstrap_samples) +
         " bootstrap samples of lesions (not of images: those of one lesion are alike). Where a class has too few "
         "lesions there "
         "is none.";
}

std::string facts_section(const EvaluationReport& report, int level) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"Model", report.model},
      {"Data set", report.data_set},
      {"Split", report.split},
      {"Seed of the split", std::to_string(report.seed)},
      {"Images", std::to_string(report.metrics.images)},
      {"Lesions", std::to_string(report.metrics.groups)},
      {"Temperature", html::number(report.temperature)},
      {"Seed of the intervals", std::to_string(report.metrics.seed)},
  };
  rows.insert(rows.end(), report.facts.begin(), report.facts.end());
  return html::section("What was evaluated", {}, "<div class=\"scroll\">" + html::facts(rows) + "</div>\n", level);
}

std::string image_name(const Predictions& predictions, int image) {
  const auto place = static_cast<std::size_t>(image);
  return place < predictions.image_ids.size() ? predictions.image_ids[place] : "image " + std::to_string(image);
}

std::string picture(const EvaluationReport& report, int image) {
  const std::string name = image_name(report.predictions, image);
  std::string uri;
  try {
    if (report.read_image) uri = html::thumbnail_uri(report.read_image(image), name);
  } catch (const std::exception&) {
    uri.clear();  // a file that is gone costs its picture, not the report
  }
  if (uri.empty()) return "<div class=\"absent\">no picture</div>";
  return "<img src=\"" + uri + "\" alt=\"" + escape(name) + "\"/>";
}

std::string gallery(const EvaluationReport& report, std::span<const Mistake> mistakes, std::string_view style) {
  const Predictions& predictions = report.predictions;
  const std::size_t classes = predictions.classes.size();
  std::string text = "<div class=\"mistakes " + std::string(style) + "\">\n";
  for (const Mistake& mistake : mistakes) {
    const auto label = static_cast<std::size_t>(mistake.label), predicted = static_cast<std::size_t>(mistake.predicted);
    const double of_truth = predictions.probabilities[static_cast<std::size_t>(mistake.image) * classes + label];
    text += "<figure>" + picture(report, mistake.image) + "<figcaption><b>" + escape(predictions.classes[label]) +
            "</b> taken for <b>" + escape(predictions.classes[predicted]) + "</b> (" +
            html::percent(mistake.confidence) + ")<br/>" + escape(predictions.classes[label]) + " got " +
            html::percent(of_truth) + "<span class=\"id\">" + escape(image_name(predictions, mistake.image)) +
            "</span></figcaption></figure>\n";
  }
  return text + "</div>\n";
}

std::string shown_of(std::size_t shown, std::size_t all) {
  return shown == all ? std::to_string(all) : std::to_string(shown) + " of " + std::to_string(all) + " shown";
}

std::string mistakes_section(const EvaluationReport& report, int level) {
  const auto all = worst_mistakes(report.predictions, static_cast<int>(report.predictions.labels.size()));
  if (all.empty()) return html::section("Worst mistakes", "There are none: every image got its own class.", {}, level);
  const int melanoma = class_index(report.predictions.classes, kMelanomaClass);
  const auto other =
      std::find_if(all.begin(), all.end(), [&](const Mistake& mistake) { return mistake.label != melanoma; });
  const std::span<const Mistake> missed(all.begin(), other), rest(other, all.end());
  // Half the room is melanoma's, more where the rest does not need it.
  const auto room = static_cast<std::size_t>(std::max(0, report.worst_mistakes));
  const std::size_t rest_reserved = std::min(rest.size(), room / 2);
  const std::size_t missed_shown = std::min(missed.size(), room - rest_reserved);
  const std::size_t rest_shown = std::min(rest.size(), room - missed_shown);
  const auto heading = [tag = "h" + std::to_string(level + 1) + ">"](const std::string& text) {
    return "<" + tag + text + "</" + tag + "\n";
  };
  std::string content;
  if (!missed.empty()) {
    content += heading("Missed melanomas: " + shown_of(missed_shown, missed.size())) +
               gallery(report, missed.first(missed_shown), "missed");
  }
  if (!rest.empty()) {
    content += heading("Other mistakes: " + shown_of(rest_shown, rest.size())) +
               gallery(report, rest.first(rest_shown), "other");
  }
  return html::section("Worst mistakes",
                       "The most confident ones first. Under each picture: the true class, and what it was taken for.",
                       content, level);
}

}  // namespace

std::string html::evaluation_sections(const EvaluationReport& report, int level) {
  check_report(report);
  const MetricReport& metrics = report.metrics;
  std::string body = html::headline_tiles(metrics);
  body += "<p class=\"note\" style=\"margin-top:12px\">" + interval_note(metrics) +
          " Balanced accuracy is the mean sensitivity over the classes, so that a frequent class does not hide a rare "
          "one.</p>\n";
  body += html::section(
      "Confusion matrix",
      "A row holds the images of one true class: how many were given which class, and their share of the row.",
      html::confusion_table(metrics), level);
  body += html::section("Classes", "Each class against all others.", html::class_table(metrics), level);
  body += html::section(
      "Melanoma and malignant lesions",
      "Malignant means melanoma (MEL), basal cell carcinoma (BCC), actinic keratosis (AK) or squamous cell "
      "carcinoma (SCC): the sum of their probabilities.",
      html::screening_table(metrics), level);
  body += html::section(
      "Operating points",
      "Flag an image when the probability is at least the threshold. Thresholds found on these very images look "
      "a little better here than they will elsewhere; those set by the model were found on other images.",
      html::operating_point_table(metrics), level);
  body += html::section("ROC curves", "One class against the rest, and the malignant classes against the others.",
                        html::roc_charts(metrics) + "<details><summary>Precision-recall curves</summary>\n" +
                            html::precision_recall_charts(metrics) + "</details>\n",
                        level);
  body += html::section(
      "Reliability",
      "On the dashed line, a confidence of 80\u00A0% is right in 80 of 100 cases. Bars: how many images have that "
      "confidence. Resampling shifts the calibration error upwards, so its interval can lie above its value.",
      html::reliability_chart(metrics, report.before_temperature, report.temperature), level);
  return body + mistakes_section(report, level) + facts_section(report, level);
}

std::string evaluation_report_html(const EvaluationReport& report) {
  const std::string body = header(report) + html::evaluation_sections(report, 2);
  return html::page((report.title.empty() ? report.model : report.title) + " - evaluation report", body);
}

void write_evaluation_report(const std::filesystem::path& html, const EvaluationReport& report) {
  write_text(html, evaluation_report_html(report));
}

}  // namespace dermdistill
