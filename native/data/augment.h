// The random transform of a training image: the paper's scale, flips, rotation, blur, dropout, brightness, hue and
// saturation, and, where they are asked for, what users' pictures show and training images seldom do: hair, black
// frames, and what storing as JPEG again leaves.
#pragma once

#include <cstdint>
#include <span>

#include <nlohmann/json_fwd.hpp>

#include "core/image/image.h"
#include "core/image/preprocess.h"

namespace dermdistill {

/// Ranges are symmetric about "no change". Colour changes are mild: colour is a diagnostic criterion.
struct AugmentConfig {
  bool enabled = true;
  double min_scale = 0.7, max_scale = 1.1;         // side of the seen window over the frame's side
  double max_stretch = 1.15;                       // ratio of the window's sides, at most
  double max_shift = 1.0;                          // of the room that the window leaves within the frame
  double max_rotation = 180;                       // degrees
  double flip_probability = 0.5;                   // each of horizontal and vertical
  double blur_probability = 0.25, max_blur = 1.5;  // standard deviation in pixels at side 224
  double dropout_probability = 0.25;
  double max_dropout_area = 0.1, max_dropout_side = 0.2;  // shares of the image's area and side
  double brightness = 0.12, contrast = 0.12;              // shares
  double saturation = 0.15;                               // share
  double hue = 5;                                         // degrees
  // What is laid over the picture once it has the preprocessing's detail, before it is transformed; off unless asked
  // for.
  double hair_probability = 0, max_hairs = 16;
  double frame_probability = 0, max_rim = 0.14;  // of a round mask or of rims, shares of the picture's sides
  double recompression_probability = 0, min_recompression_quality = 40;  // of storing it as JPEG again, below 95
};
nlohmann::json to_json(const AugmentConfig& config);
/// The same transform of the picture itself: no hair, no frame, not stored again. A seed moves and colours it alike.
AugmentConfig without_overlays(const AugmentConfig& config);
bool has_overlays(const AugmentConfig& config);
/// Absent keys keep their defaults. @throws InputError for an unknown key or a value out of its range.
AugmentConfig augment_config_from_json(const nlohmann::json& json);

/// What decides a transform, and what is laid over the picture before it.
struct AugmentSeeds {
  std::uint64_t transform = 0, overlays = 0;
};

/// out [size, size, 3], normalised; everything is decided by the seeds. Disabled: exactly what evaluation does (resize
/// by the rule, normalise). @throws ShapeError when `out` has another length.
void augment(const Image& source, const AugmentConfig& config, const Preprocessing& preprocessing,
             const AugmentSeeds& seeds, std::span<float> out);
/// The same with one seed for both.
void augment(const Image& source, const AugmentConfig& config, const Preprocessing& preprocessing, std::uint64_t seed,
             std::span<float> out);

}  // namespace dermdistill
