#include "native/audit/strangers.h"

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/metrics/ranking.h"
#include "native/base/interrupt.h"
#include "native/base/progress.h"
#include "native/data/image_index.h"
#include "native/data/picture_batch.h"

namespace dermdistill {
namespace {

constexpr char kNoKind[] = "other";

std::string kind_of(const std::filesystem::path& file, const std::filesystem::path& folder) {
  const std::filesystem::path inside = file.lexically_relative(folder);
  return inside.has_parent_path() ? inside.begin()->string() : kNoKind;
}

void count_verdict(Refusals& refusals, const StrangerVerdict& verdict) {
  ++refusals.pictures;
  refusals.refused += verdict.unlike ? 1 : 0;
}

StrangeKind measured_kind(const std::string& name, std::span<const StrangerVerdict> real,
                          std::span<const StrangerVerdict> strange) {
  StrangeKind kind;
  kind.refusals.name = name;
  std::vector<float> scores;
  std::vector<std::uint8_t> is_strange;
  for (const auto& [verdicts, flag] : {std::pair{real, std::uint8_t{0}}, std::pair{strange, std::uint8_t{1}}}) {
    for (const StrangerVerdict& verdict : verdicts) scores.push_back(static_cast<float>(verdict.score));
    is_strange.insert(is_strange.end(), verdicts.size(), flag);
  }
  for (const StrangerVerdict& verdict : strange) count_verdict(kind.refusals, verdict);
  kind.auroc = Ranking(scores, is_strange).metrics().auc.value();
  return kind;
}

/// The verdicts of a batch's early embeddings, in their order.
std::vector<StrangerVerdict> verdicts_of(const StrangerScore& score, std::span<const float> early_embeddings,
                                         std::size_t images) {
  std::vector<StrangerVerdict> verdicts;
  if (images == 0) return verdicts;
  const std::size_t channels = early_embeddings.size() / images;
  for (std::size_t i = 0; i < images; ++i) verdicts.push_back(score(early_embeddings.subspan(i * channels, channels)));
  return verdicts;
}

}  // namespace

std::vector<StrangePicture> find_strange_pictures(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw InputError(folder.string(), "is not a folder", "one of strange pictures, its subfolders the kinds");
  std::vector<StrangePicture> pictures;
  for (const std::filesystem::path& file : image_files(folder)) pictures.push_back({file, kind_of(file, folder)});
  if (pictures.empty())
    throw InputError(folder.string(), "holds no pictures", "JPEG or PNG files, in a subfolder for each kind");
  return pictures;
}

StrangeVerdicts judge_strange_pictures(Predictor& predictor, const StrangerScore& score,
                                       std::span<const StrangePicture> pictures, const Preprocessing& preprocessing,
                                       const std::string& title) {
  std::optional<Progress> progress;
  if (!title.empty()) progress.emplace(title, static_cast<std::int64_t>(pictures.size()), "pictures");
  StrangeVerdicts result;
  for (std::size_t first = 0; first < pictures.size(); first += kScoringBatch) {
    if (interrupt_requested()) throw Interrupted("stopped; nothing was written");
    const auto some = pictures.subspan(first, std::min<std::size_t>(kScoringBatch, pictures.size() - first));
    std::vector<std::filesystem::path> files;
    for (const StrangePicture& picture : some) files.push_back(picture.file);
    const PictureBatch batch = read_pictures(files, preprocessing);
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (batch.errors[i].empty()) {
        result.kinds.push_back(some[i].kind);
      } else {
        result.unreadable.push_back({files[i].string(), batch.errors[i]});
      }
    }
    const std::size_t read = result.kinds.size() - result.verdicts.size();
    const Predictor::Outputs outputs = predictor.run(batch.pixels, static_cast<int>(read));
    const std::vector<StrangerVerdict> verdicts = verdicts_of(score, outputs.early_embeddings, read);
    result.verdicts.insert(result.verdicts.end(), verdicts.begin(), verdicts.end());
    if (progress) progress->advance(static_cast<std::int64_t>(some.size()));
  }
  if (result.verdicts.empty()) {
    throw InputError("strange pictures",
                     "none of the " + std::to_string(pictures.size()) + " can be read" +
                         (result.unreadable.empty() ? "" : " (" + result.unreadable.front().problem + ")"),
                     "JPEG or PNG files");
  }
  return result;
}

std::vector<StrangerVerdict> judge_images(const StrangerScore& score, const Scores& scores) {
  return verdicts_of(score, scores.early_embeddings, scores.labels.size());
}

StrangerReport compare_strangers(std::span<const StrangerVerdict> real, std::span<const int> labels,
                                 std::span<const std::string> classes, const StrangeVerdicts& strange) {
  if (real.empty() || strange.verdicts.empty())
    throw InputError("pictures to be told apart", real.empty() ? "no real images" : "no strange ones",
                     "at least one of each");
  if (labels.size() != real.size() || strange.kinds.size() != strange.verdicts.size())
    throw ShapeError("pictures to be told apart", "labels or kinds are not as many as verdicts", "one a picture");
  StrangerReport report;
  report.threshold = real.front().threshold;
  report.unreadable = strange.unreadable;

  report.real.name = "real images";
  std::vector<Refusals> of_class(classes.size());
  for (std::size_t i = 0; i < real.size(); ++i) {
    count_verdict(report.real, real[i]);
    count_verdict(of_class.at(static_cast<std::size_t>(labels[i])), real[i]);
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    of_class[c].name = classes[c];
    if (of_class[c].pictures > 0) report.real_classes.push_back(of_class[c]);
  }

  report.strange = measured_kind("all kinds", real, strange.verdicts);
  std::map<std::string, std::vector<StrangerVerdict>> of_kind;
  for (std::size_t i = 0; i < strange.kinds.size(); ++i) of_kind[strange.kinds[i]].push_back(strange.verdicts[i]);
  for (const auto& [name, verdicts] : of_kind) report.kinds.push_back(measured_kind(name, real, verdicts));
  return report;
}

}  // namespace dermdistill
