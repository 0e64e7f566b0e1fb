// Does a model tell pictures that are no lesions, by its score for strange images, from those it is made for?
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/image/preprocess.h"
#include "core/learn/out_of_distribution.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"

namespace dermdistill {

struct StrangePicture {
  std::filesystem::path file;
  std::string kind;
};

/// The JPEG and PNG files below `folder`. Its subfolders are the kinds; a file that lies in none is of kind "other".
/// @throws InputError when it is no folder or holds no pictures.
std::vector<StrangePicture> find_strange_pictures(const std::filesystem::path& folder);

struct UnreadablePicture {
  std::string file, problem;
};

struct StrangeVerdicts {
  std::vector<std::string> kinds;         // one a picture that was read
  std::vector<StrangerVerdict> verdicts;  // likewise
  std::vector<UnreadablePicture> unreadable = {};
};

/// The scores of pictures from anywhere, read in batches; `title` heads the progress bar, empty: none is shown.
/// @throws InputError when none can be read, Interrupted on Ctrl-C.
StrangeVerdicts judge_strange_pictures(Predictor& predictor, const StrangerScore& score,
                                       std::span<const StrangePicture> pictures, const Preprocessing& preprocessing,
                                       const std::string& title);

/// The same score of images that the model was run over. @throws as StrangerScore.
std::vector<StrangerVerdict> judge_images(const StrangerScore& score, const Scores& scores);

struct Refusals {
  std::string name;
  std::int64_t pictures = 0, refused = 0;  // refused: their score is above the card's threshold
  double share() const { return static_cast<double>(refused) / static_cast<double>(pictures); }
};

/// `auroc`: the chance that the score of a strange picture is above that of a real image, ties count one half.
struct StrangeKind {
  Refusals refusals;
  double auroc = 0;
};

struct StrangerReport {
  double threshold = 0;
  Refusals real;
  std::vector<Refusals> real_classes;  // those that occur, in the order of the classes
  StrangeKind strange;                 // of all kinds together
  std::vector<StrangeKind> kinds;      // by name
  std::vector<UnreadablePicture> unreadable;
};

/// `real` verdicts with their labels, which index `classes`. @throws InputError when there are no real or no strange
/// ones, ShapeError when sizes differ, NumericError for a score that is not finite.
StrangerReport compare_strangers(std::span<const StrangerVerdict> real, std::span<const int> labels,
                                 std::span<const std::string> classes, const StrangeVerdicts& strange);

}  // namespace dermdistill
