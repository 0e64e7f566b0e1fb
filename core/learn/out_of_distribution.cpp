#include "core/learn/out_of_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace dermdistill {
namespace {

using nlohmann::json;

constexpr char kMeaning[] =
    "(distance - median) / spread plus weight times (energy - median) / spread, median and spread (95th percentile "
    "less "
    "median) of validation images; distance is the squared Mahalanobis distance of the embedding to the nearest class "
    "under that class's covariance, energy -T log sum exp(logit / T); above the threshold, which keeps 95 % of "
    "validation images, an image is unlike them";
// Names of scores on a card. The second is that of older cards: the covariance that all classes share.
constexpr std::string_view kClassDistance = "energy+class-distance", kPooledDistance = "energy+distance",
                           kEnergyAlone = "energy";
constexpr char kEnergyMeaning[] =
    "-T log sum exp(logit / T); above the threshold, which keeps 95 % of validation images, an image is unlike them";

/// The value below which the share lies, between neighbours by straight line; not empty.
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
}

json percentiles(const std::vector<double>& values) {
  json result = json::object();
  for (const int percent : {5, 50, 90, 95, 99}) result[std::to_string(percent)] = quantile(values, percent / 100.0);
  return result;
}

double number(const json& object, const char* field, std::string_view name) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number() || !std::isfinite(found->get<double>()))
    throw FormatError(name, std::string("the model card's field out_of_distribution has no usable ") + field,
                      "a number");
  return found->get<double>();
}

}  // namespace

std::vector<double> energies(std::span<const float> logits, int classes, double temperature) {
  if (classes < 1 || logits.size() % static_cast<std::size_t>(classes) != 0)
    throw ShapeError("logits", std::to_string(logits.size()) + " values", "rows of " + std::to_string(classes));
  std::vector<double> result;
  for (std::size_t row = 0; row < logits.size(); row += static_cast<std::size_t>(classes)) {
    const auto values = logits.subspan(row, static_cast<std::size_t>(classes));
    const double highest = static_cast<double>(*std::max_element(values.begin(), values.end()));
    double sum = 0;
    for (const float value : values) sum += std::exp((static_cast<double>(value) - highest) / temperature);
    result.push_back(-highest - temperature * std::log(sum));
  }
  return result;
}

std::optional<StrangerScore> StrangerScore::from(const json& entry, const EmbeddingStatistics* statistics,
                                                 std::string_view name) {
  if (!entry.is_object() || entry.empty()) return std::nullopt;
  const std::string kind = entry.value("score", "");
  if (kind != kEnergyAlone && kind != kPooledDistance && kind != kClassDistance) return std::nullopt;
  StrangerScore result;
  result.temperature_ = number(entry, "temperature", name);
  if (!(result.temperature_ > 0))
    throw FormatError(name, "the model card's field out_of_distribution.temperature does not fit", "a positive number");
  result.distance_.weight = 0;
  if (statistics) result.mahalanobis_.emplace(*statistics, kind == kPooledDistance ? Scatter::Pooled : Scatter::Own);
  if (kind == kEnergyAlone) {
    // Older cards have percentiles instead of a threshold.
    result.threshold_ = entry.contains("threshold") ? number(entry, "threshold", name)
                                                    : number(entry.value("percentiles", json::object()), "95", name);
    return result;
  }
  if (!statistics)
    throw FormatError(name, "its card compares embeddings with statistics that it does not have",
                      "the metadata entry dermdistill.embedding_statistics");
  result.threshold_ = number(entry, "threshold", name);
  const auto measure = [&](const char* field) {
    const json part = entry.value(field, json::object());
    const Measure found{number(part, "median", name), number(part, "spread", name), number(part, "weight", name)};
    if (!(found.spread > 0))
      throw FormatError(name,
                        std::string("the model card's field out_of_distribution.") + field + ".spread does not fit",
                        "a positive number");
    return found;
  };
  result.energy_ = measure("energy");
  result.distance_ = measure("distance");
  return result;
}

double StrangerScore::combine(double energy, double distance) const {
  double score = energy_.weight * (energy - energy_.median) / energy_.spread;
  if (distance_.weight != 0) score += distance_.weight * (distance - distance_.median) / distance_.spread;
  return score;
}

StrangerVerdict StrangerScore::operator()(std::span<const float> logits, std::span<const float> embedding) const {
  if (logits.empty()) throw ShapeError("logits", "there are none", "one a class");
  StrangerVerdict verdict;
  verdict.energy = energies(logits, static_cast<int>(logits.size()), temperature_).front();
  verdict.distance = mahalanobis_ ? (*mahalanobis_)(embedding) : std::numeric_limits<double>::quiet_NaN();
  verdict.score = combine(verdict.energy, verdict.distance);
  verdict.threshold = threshold_;
  verdict.unlike = !(verdict.score <= verdict.threshold);
  return verdict;
}

json fit_stranger_score(std::span<const float> logits, std::span<const float> embeddings, int classes,
                        double temperature, const EmbeddingStatistics* statistics) {
  const std::vector<double> energy = energies(logits, classes, temperature);
  if (energy.empty()) throw ShapeError("logits", "there are none", "those of validation images");
  json result{{"temperature", temperature}, {"images", energy.size()}, {"kept", kKeptShare}};
  if (!statistics) {
    result["score"] = kEnergyAlone;
    result["percentiles"] = percentiles(energy);
    result["threshold"] = quantile(energy, kKeptShare);
    result["meaning"] = kEnergyMeaning;
    return result;
  }
  const auto channels = static_cast<std::size_t>(statistics->channels);
  if (embeddings.size() != energy.size() * channels)
    throw ShapeError("embeddings", std::to_string(embeddings.size()) + " values",
                     std::to_string(energy.size()) + " rows of " + std::to_string(channels));
  const MahalanobisDistance mahalanobis(*statistics, Scatter::Own);
  std::vector<double> distance;
  for (std::size_t row = 0; row < energy.size(); ++row) {
    distance.push_back(mahalanobis(embeddings.subspan(row * channels, channels)));
  }
  const auto measure = [](const std::vector<double>& values, double weight) {
    const double median = quantile(values, 0.5);
    return StrangerScore::Measure{median, std::max(quantile(values, kKeptShare) - median, 1e-6), weight};
  };
  StrangerScore score;
  score.energy_ = measure(energy, kEnergyWeight);
  score.distance_ = measure(distance, 1.0);
  std::vector<double> scores;
  for (std::size_t row = 0; row < energy.size(); ++row) scores.push_back(score.combine(energy[row], distance[row]));
  result["score"] = kClassDistance;
  result["energy"] = {{"median", score.energy_.median}, {"spread", score.energy_.spread}, {"weight", kEnergyWeight}};
  result["distance"] = {{"median", score.distance_.median}, {"spread", score.distance_.spread}, {"weight", 1.0}};
  result["percentiles"] = percentiles(scores);
  result["threshold"] = quantile(scores, kKeptShare);
  result["meaning"] = kMeaning;
  return result;
}

}  // namespace dermdistill
