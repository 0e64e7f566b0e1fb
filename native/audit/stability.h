// Does an answer depend on how the camera was held, on how the picture was stored, or on what it shows beside the
// lesion? The same images in the eight orientations of a square, stored again as JPEG and disturbed, and how often the
// most probable class becomes another.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/image/preprocess.h"
#include "core/image/view_orientation.h"
#include "native/data/dataset.h"
#include "native/train/predictor.h"
#include "native/train/scoring.h"

namespace dermdistill {

/// The eight but the upright one.
inline constexpr std::array<ViewOrientation, 7> kOtherOrientations{
    {{false, 1}, {false, 2}, {false, 3}, {true, 0}, {true, 1}, {true, 2}, {true, 3}}};
std::string to_string(ViewOrientation orientation);  // "turned by 90 degrees", "mirrored", "mirrored, turned by ..."

/// Whether the model's answer is a mean over a set that turning by `orientation` only reorders.
bool answers_alike(const Predictor& predictor, ViewOrientation orientation);

inline constexpr std::array<int, 5> kJpegQualities{95, 90, 80, 70, 60};

/// One way to show every image, and what the model says then.
struct Variation {
  std::string name;
  std::vector<int> answers = {};   // the most probable class of every image
  std::vector<float> logits = {};  // [images, classes], not calibrated; of disturbed images alone
};

struct VariedScores {
  Scores upright;                    // of the pictures as they are, in the order of the data set
  std::vector<Variation> turned;     // as kOtherOrientations; not run again where answers_alike()
  std::vector<Variation> stored;     // the whole decoded picture stored again, as kJpegQualities
  std::vector<Variation> disturbed;  // the whole decoded picture, as kDisturbances; seed: the place in the data set
};

/// Runs the model over all samples in every variation, decoding each file once. A picture is turned after it was
/// brought to the model's size. `title` heads the progress bar; empty: none is shown. @throws what reading an image
/// threw, naming the file; InputError for no images; Interrupted on Ctrl-C.
VariedScores score_variations(Predictor& predictor, const Dataset& dataset, const Preprocessing& preprocessing,
                              const std::string& title);

struct ChangedShare {
  std::string name;
  double changed = 0;  // share of the images
};

struct Stability {
  std::vector<ChangedShare> variations;
  double mean = 0;  // over the variations: the chance that another picture of this kind changes the answer
  double any = 0;   // share of the images that at least one variation changes
};

/// How `variations` change `answers`, which are of the same images in the same order. @throws ShapeError when they are
/// not as many, InputError without images or variations.
Stability compare_answers(std::span<const int> answers, std::span<const Variation> variations);

}  // namespace dermdistill
