// A shipped model with a head of one's own: whether they fit, and what is then said of the model.
#include <algorithm>

#include "core/base/error.h"
#include "core/head/head_file.h"

namespace dermdistill {
namespace {

std::string listed(const std::vector<std::string>& classes) {
  std::string text;
  for (const std::string& name : classes) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

void require_fits(const HeadFile& file, const ModelCard& shipped, const std::string& trunk_sha256, int channels,
                  std::string_view name) {
  if (file.card.trunk_sha256 != trunk_sha256 || file.card.channels != channels)
    throw InputError(name, "it was trained on the embeddings of another model", "a head of the model " + shipped.name);
  const auto count = static_cast<std::size_t>(file.card.shipped_classes);
  if (count != shipped.classes.size() ||
      !std::equal(shipped.classes.begin(), shipped.classes.end(), file.card.classes.begin()))
    throw InputError(name, "it belongs to a model of other classes (" + listed(file.card.classes) + ")",
                     "classes that begin with " + listed(shipped.classes));
}

void require_classes(const std::vector<std::string>& shipped, const std::vector<std::string>& classes) {
  if (classes.size() < shipped.size() || !std::equal(shipped.begin(), shipped.end(), classes.begin()))
    throw InputError("classes of the head", "they are " + listed(classes),
                     "classes that begin with " + listed(shipped));
  std::vector<std::string> sorted = classes;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) throw InputError("class " + *twice, "it is there twice", "each class once");
  for (const std::string& name : classes)
    if (name.empty()) throw InputError("class", "it has no name", "a code such as NV");
}

ModelCard personalised_card(const ModelCard& shipped, const HeadFile& file) {
  ModelCard card = shipped;
  card.name = file.card.name.empty() ? shipped.name : file.card.name;
  card.classes = file.card.classes;
  card.class_names = file.card.class_names;
  card.temperature = file.card.temperature;
  card.operating_points.clear();
  card.metrics = nlohmann::json::object();
  if (!card.training.is_object()) card.training = nlohmann::json::object();
  nlohmann::json head = to_json(file.card);
  head["shipped_name"] = shipped.name;
  card.training["personalised"] = head;
  card.weights_sha256.clear();
  return card;
}

EmbeddingStatistics personalised_statistics(const EmbeddingStatistics& shipped, const HeadFile& file) {
  EmbeddingStatistics result = shipped;
  const EmbeddingStatistics& added = file.new_classes;
  const auto channels = static_cast<std::size_t>(added.channels);
  for (std::size_t i = 0; i < added.classes.size(); ++i) {
    add_class(result, added.classes[i], std::span<const float>(added.means).subspan(i * channels, channels));
    result.counts.back() = added.counts[i];
  }
  // A new class without images has no statistics, but keeps its place.
  EmbeddingStatistics ordered = result;
  ordered.classes = file.card.classes;
  const auto move_rows = [&](std::vector<float> EmbeddingStatistics::*values, std::size_t width, float missing) {
    std::vector<float> rows;
    for (const std::string& name : ordered.classes) {
      const auto place = std::find(result.classes.begin(), result.classes.end(), name) - result.classes.begin();
      for (std::size_t j = 0; j < width; ++j)
        rows.push_back(static_cast<std::size_t>(place) < result.classes.size()
                           ? (result.*values)[static_cast<std::size_t>(place) * width + j]
                           : missing);
    }
    ordered.*values = std::move(rows);
  };
  move_rows(&EmbeddingStatistics::means, static_cast<std::size_t>(result.channels), 0.0F);
  move_rows(&EmbeddingStatistics::variances, static_cast<std::size_t>(result.rank), 1.0F);
  move_rows(&EmbeddingStatistics::spread, 1, 1.0F);
  ordered.counts.clear();
  for (const std::string& name : ordered.classes) {
    const auto place = std::find(result.classes.begin(), result.classes.end(), name) - result.classes.begin();
    ordered.counts.push_back(
        static_cast<std::size_t>(place) < result.classes.size() ? result.counts[static_cast<std::size_t>(place)] : 0);
  }
  return ordered;
}

}  // namespace dermdistill
