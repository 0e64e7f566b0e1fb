// report.html of a run folder: the curves of every loss term and validation metric, what the best model is worth on the
// validation part, and the configuration.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/report/evaluation_sections.h"
#include "native/report/html.h"
#include "native/report/line_chart.h"
#include "native/report/report.h"
#include "native/report/run_log.h"

namespace dermdistill {
namespace {

using Json = nlohmann::ordered_json;
using html::escape;

Json read_config(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  Json config = Json::parse(text, nullptr, false);
  if (config.is_discarded()) throw FormatError(path.string(), "not JSON", "the configuration of a run");
  if (!config.is_object())
    throw FormatError(path.string(), std::string("is a JSON ") + config.type_name(), "a JSON object");
  return config;
}

/// Seven digits: what is stored as a float reads as it was written, 0.1 and not 0.10000000149.
std::string plain_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return html::number(value.get<double>(), 7);
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (const Json& entry : value) text += (text.empty() ? "" : ", ") + plain_text(entry);
  return text;
}

/// {"training": {"rate": 1}} as the row "training.rate | 1"; lists of plain values stay on one line.
void flatten(const Json& value, const std::string& prefix, std::vector<std::pair<std::string, std::string>>& rows) {
  if (!value.is_object()) {
    rows.emplace_back(prefix, plain_text(value));
    return;
  }
  for (const auto& [key, entry] : value.items()) flatten(entry, prefix.empty() ? key : prefix + "." + key, rows);
}

std::string text_at(const Json& config, const char* pointer) {
  const Json::json_pointer place(pointer);
  return config.contains(place) && config[place].is_string() ? config[place].get<std::string>() : std::string();
}

std::string stage_title(const std::string& name) {
  if (name == "teacher") return "Stage 1: the teacher";
  if (name == "head") return "Stage 2: the teacher's self-supervision head";
  if (name == "cache") return "The teacher's knowledge, stored";
  if (name == "student") return "Stage 3: the student";
  return name.empty() ? "Training" : html::words(name);
}

struct BestEpoch {
  const LoggedEpoch* epoch = nullptr;  // null when there is no such metric
  std::string metric;
  double value = 0;
};

BestEpoch find_best(const LoggedStage& stage, const std::string& best_by) {
  const auto metrics = validation_metrics(stage);
  BestEpoch best;
  for (const std::string& name : {best_by, std::string("balanced_accuracy"), std::string("accuracy")}) {
    if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) continue;
    best.metric = name;
    break;
  }
  if (best.metric.empty()) return best;
  for (const LoggedEpoch& epoch : stage.epochs) {
    const double value = logged_value(epoch.validation, best.metric);
    if (std::isfinite(value) && (!best.epoch || value > best.value)) {
      best.epoch = &epoch;
      best.value = value;
    }
  }
  return best;
}

html::ChartSeries series_of(const LoggedStage& stage, std::string name, int colour, const auto& value_of) {
  html::ChartSeries series;
  series.name = std::move(name);
  series.colour = colour;
  for (const LoggedEpoch& epoch : stage.epochs)
    series.points.push_back({static_cast<double>(epoch.epoch), value_of(epoch)});
  std::stable_sort(series.points.begin(), series.points.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  series.dots = series.points.size() <= 12;
  return series;
}

double last_finite(const html::ChartSeries& series) {
  for (auto point = series.points.rbegin(); point != series.points.rend(); ++point) {
    if (std::isfinite(point->y)) return point->y;
  }
  return std::nan("");
}

std::string chart_card(const std::string& title, std::vector<html::ChartSeries> series, const BestEpoch& best,
                       bool logarithmic = false) {
  html::LineChart chart;
  chart.description = title + " by epoch";
  chart.x.label = "epoch";
  chart.x.whole = true;
  chart.y.logarithmic = logarithmic;
  std::string sub = "last " + html::number(last_finite(series.front()));
  if (best.epoch) {
    const auto& points = series.back().points;
    const auto found =
        std::find_if(points.begin(), points.end(), [&](const auto& p) { return p.x == best.epoch->epoch; });
    if (found != points.end() && std::isfinite(found->y)) {
      chart.mark = *found;
      chart.mark_label = "best epoch " + std::to_string(best.epoch->epoch);
      sub += ", in the best epoch: " + html::number(found->y);
    }
  }
  chart.series = std::move(series);
  return "<div class=\"card\"><h3>" + escape(title) + "</h3><p class=\"sub\">" + sub + "</p>" +
         html::line_chart_svg(chart) + html::legend(chart.series) + "</div>\n";
}

std::string tile(std::string_view name, std::string_view value, std::string_view range, bool first = false) {
  return "<div class=\"tile" + std::string(first ? " first" : "") + "\"><p class=\"name\">" + escape(name) +
         "</p><p class=\"value\">" + escape(value) + "</p><p class=\"range\">" + escape(range) + "</p></div>\n";
}

std::string loss_charts(const LoggedStage& stage, const BestEpoch& best) {
  std::string charts;
  const auto metrics = validation_metrics(stage);
  auto terms = train_terms(stage);
  std::stable_partition(terms.begin(), terms.end(), [](const std::string& term) { return term == "total"; });
  for (const std::string& term : terms) {
    std::vector<html::ChartSeries> series;
    series.push_back(
        series_of(stage, "training", 0, [&](const LoggedEpoch& e) { return logged_value(e.train, term); }));
    if (std::find(metrics.begin(), metrics.end(), term) != metrics.end()) {
      series.push_back(
          series_of(stage, "validation", 1, [&](const LoggedEpoch& e) { return logged_value(e.validation, term); }));
    }
    charts += chart_card(html::words(term), std::move(series), best);
  }
  return charts;
}

std::string validation_charts(const LoggedStage& stage, const BestEpoch& best) {
  std::string charts;
  auto metrics = validation_metrics(stage);
  const auto terms = train_terms(stage);
  std::stable_partition(metrics.begin(), metrics.end(), [&](const std::string& name) { return name == best.metric; });
  for (const std::string& metric : metrics) {
    if (std::find(terms.begin(), terms.end(), metric) != terms.end()) continue;  // drawn with the training's
    charts += chart_card(
        html::words(metric),
        {series_of(stage, metric, 0, [&](const LoggedEpoch& e) { return logged_value(e.validation, metric); })}, best);
  }
  return charts;
}

std::string rate_chart(const LoggedStage& stage) {
  auto series =
      series_of(stage, "learning rate", 2, [](const LoggedEpoch& e) { return e.learning_rate.value_or(std::nan("")); });
  std::vector<double> rates;
  for (const auto& point : series.points) {
    if (std::isfinite(point.y)) rates.push_back(point.y);
  }
  std::sort(rates.begin(), rates.end());
  if (rates.empty() || !(rates.back() > 0)) return {};
  // A schedule of few steps is read by its decades, a smooth one by its shape.
  const auto steps = std::unique(rates.begin(), rates.end()) - rates.begin();
  const bool logarithmic =
      rates.front() > 0 && rates[static_cast<std::size_t>(steps - 1)] / rates.front() >= 50 && steps <= 5;
  return chart_card("Learning rate", {std::move(series)}, {}, logarithmic);
}

std::string stage_section(const LoggedStage& stage, const std::string& best_by) {
  if (stage.epochs.empty()) {
    return html::section(stage_title(stage.name), "It took " + html::duration(stage.other_seconds) + ".", {});
  }
  const BestEpoch best = find_best(stage, best_by);
  const double seconds = std::accumulate(stage.epochs.begin(), stage.epochs.end(), 0.0,
                                         [](double sum, const LoggedEpoch& e) { return sum + e.seconds.value_or(0); });
  std::string tiles;
  if (best.epoch) {
    tiles += tile(html::words(best.metric) + ", best", html::fixed(best.value, 3),
                  "validation, epoch " + std::to_string(best.epoch->epoch), true);
    for (const auto& [name, value] : best.epoch->validation) {
      if (name != best.metric) tiles += tile(html::words(name), html::fixed(value, 3), "validation, same epoch");
    }
  }
  tiles += tile("Epochs", std::to_string(stage.epochs.size()),
                seconds > 0 ? html::duration(seconds) + " in all, " +
                                  html::duration(seconds / static_cast<double>(stage.epochs.size())) + " each"
                            : "time not logged");
  std::string content = "<div class=\"tiles\">\n" + tiles + "</div>\n";
  const std::string validation = validation_charts(stage, best);
  if (!validation.empty())
    content += "<h3>On the validation part</h3>\n<div class=\"charts\">\n" + validation + "</div>\n";
  content += "<h3>Loss terms and learning rate</h3>\n<div class=\"charts\">\n" + loss_charts(stage, best) +
             rate_chart(stage) + "</div>\n";
  return html::section(stage_title(stage.name), {}, content);
}

std::string lead(const Json& config) {
  std::string text;
  const auto add = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += (text.empty() ? "" : " \u00B7 ") + std::string(label) + escape(value);
  };
  add("", text_at(config, "/kind"));
  add("", text_at(config, "/network/architecture"));
  const bool student = text_at(config, "/kind") != "teacher";
  if (student) add("method ", text_at(config, "/distillation/method"));
  add("data ", text_at(config, "/data/folder"));
  return text;
}

}  // namespace

std::string training_report_html(const std::filesystem::path& run_folder, const EvaluationReport* validation) {
  const Json config = read_config(run_folder / "config.json");
  const auto log = run_folder / "log.jsonl";
  const auto stages = parse_run_log(read_text(log), log.string());
  auto name = run_folder.filename().empty() ? run_folder.parent_path().filename() : run_folder.filename();
  if (name.empty() || name == ".") name = std::filesystem::absolute(run_folder).lexically_normal().filename();

  std::string body = "<header><p class=\"kicker\">DermDistill training report</p>\n<h1>" + escape(name.string()) +
                     "</h1>\n<p class=\"lead\">" + lead(config) + "</p></header>\n";
  const Json::json_pointer leaks("/data/split/leaks");
  if (config.contains(leaks) && config[leaks] == true) {
    body +=
        "<p class=\"warning\"><b>This split leaks.</b> It was made by image, so images of one lesion can be in "
        "training and "
        "in validation; the validation's numbers are too good.</p>\n";
  }
  if (stages.empty()) body += "<p class=\"warning\">No epoch has been logged yet.</p>\n";
  for (const LoggedStage& stage : stages) body += stage_section(stage, text_at(config, "/best_by"));
  if (validation) {
    body += html::section(
        "On the validation part (used to choose the epoch, so these figures flatter)",
        "The best model on images that it was not trained on. What it is worth on new ones, the test part tells.",
        html::evaluation_sections(*validation, 3));
  }
  std::vector<std::pair<std::string, std::string>> rows;
  flatten(config, {}, rows);
  body += html::section("Configuration", "All that decided this run, from its config.json.",
                        "<div class=\"scroll\">" + html::facts(rows) + "</div>\n");
  return html::page(name.string() + " - training report", body);
}

void write_training_report(const std::filesystem::path& run_folder, const EvaluationReport* validation) {
  write_text(run_folder / "report.html", training_report_html(run_folder, validation));
}

}  // namespace dermdistill
