// Pictures: decoding, display, the network's input, quality.
#include <emscripten/bind.h>

#include "core/image/quality.h"
#include "wasm/classes.h"
#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {

val Picture::pixels(int max_side, val crop_value) const {
  return guarded([&] {
    const auto part = rectangle_from(crop_value);
    if (max_side < 0) throw InputError("largest side", std::to_string(max_side), "0 or more pixels");
    const Image cut = part ? crop(image_, *part) : Image{};
    const Image& chosen = part ? cut : image_;
    const bool shrinks = max_side > 0 && std::max(chosen.width, chosen.height) > max_side;
    const Image shrunk = shrinks ? shrink_to(chosen, max_side) : Image{};
    const Image& shown = shrinks ? shrunk : chosen;
    std::vector<std::uint8_t> rgba(shown.rgb.size() / 3 * 4, 255);
    for (std::size_t from = 0, to = 0; from < shown.rgb.size(); from += 3, to += 4)
      std::copy_n(&shown.rgb[from], 3, &rgba[to]);
    val result = val::object();
    result.set("width", shown.width);
    result.set("height", shown.height);
    result.set("data", to_clamped_array(rgba));
    return result;
  });
}

val Picture::tensor(val preprocessing_value, val crop_value, int view) const {
  return guarded([&] {
    const Preprocessing preprocessing = preprocessing_from(preprocessing_value);
    if (view < 0 || view > 7) throw InputError("view", std::to_string(view), "0 to 7");
    const std::int64_t pixels = static_cast<std::int64_t>(preprocessing.size) * preprocessing.size;
    std::vector<float> upright(static_cast<std::size_t>(pixels) * 3);
    if (view == 0) {
      normalise_channels_first(bring_to_size(image_, rectangle_from(crop_value), preprocessing), preprocessing,
                               upright);
      return to_array(upright);
    }
    std::vector<float> other(upright.size());
    preprocess(image_, rectangle_from(crop_value), preprocessing, upright);
    if (view >= 4) {
      mirror_view(upright, preprocessing.size, other);
      upright.swap(other);
    }
    if (view % 4 != 0) {
      rotate_view(upright, preprocessing.size, view % 4, other);
      upright.swap(other);
    }
    to_channels_first(upright, pixels, 3, other);
    return to_array(other);
  });
}

val Picture::quality(val crop_value) const {
  return guarded([&] {
    const ImageQuality quality = judge_quality(image_, rectangle_from(crop_value));
    nlohmann::json warnings = nlohmann::json::array();
    for (const QualityWarning warning : quality.warnings) warnings.push_back(to_string(warning));
    return to_object({{"width", quality.width},
                      {"height", quality.height},
                      {"sharpness", quality.sharpness},
                      {"brightness", quality.brightness},
                      {"clippedDark", quality.clipped_dark},
                      {"clippedBright", quality.clipped_bright},
                      {"borderTouched", quality.border_touched},
                      {"lesionShare", quality.lesion_share},
                      {"warnings", warnings}});
  });
}

namespace {

Picture* decode_picture(val bytes, const std::string& name) {
  return guarded([&] { return new Picture(decode_image(bytes_from(bytes, "picture"), name)); });
}

Picture* picture_from_pixels(val rgba, int width, int height, const std::string& name) {
  return guarded([&] {
    const std::vector<std::byte> bytes = bytes_from(rgba, "pixels");
    const std::span<const std::uint8_t> samples(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return new Picture(image_from_rgba(samples, width, height, name));
  });
}

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_pictures) {
  using namespace dermdistill::wasm;
  using emscripten::allow_raw_pointers;  // JavaScript owns what it is given, and calls delete()
  emscripten::class_<Picture>("Picture")
      .property("width", &Picture::width)
      .property("height", &Picture::height)
      .function("pixels", &Picture::pixels)
      .function("tensor", &Picture::tensor)
      .function("quality", &Picture::quality);
  emscripten::function("decodePicture", &decode_picture, allow_raw_pointers());
  emscripten::function("pictureFromPixels", &picture_from_pixels, allow_raw_pointers());
}
