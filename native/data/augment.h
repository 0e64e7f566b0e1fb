// The random transform of a training image: the paper's scale, flips, rotation, blur, dropout, brightness, hue and
// saturation, and, where it is asked for, what storing a picture as JPEG again does to it.
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
  // Of storing it again, with a quality below 95. Off: it made no model steadier.
  double jpeg_probability = 0, min_jpeg_quality = 40;
};
nlohmann::json to_json(const AugmentConfig& config);
/// Absent keys keep their defaults. @throws InputError for an unknown key or a value out of its range.
AugmentConfig augment_config_from_json(const nlohmann::json& json);

/// out [size, size, 3], normalised; everything is decided by `seed`. Disabled: exactly what evaluation does (resize by
/// the rule, normalise). @throws ShapeError when `out` has another length.
void augment(const Image& source, const AugmentConfig& config, const Preprocessing& preprocessing, std::uint64_t seed,
             std::span<float> out);

}  // namespace dermdistill
