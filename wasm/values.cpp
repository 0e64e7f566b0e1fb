#include "wasm/values.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace dermdistill::wasm {
namespace {

val view_of(const char* type, const void* data, std::size_t count, std::size_t size) {
  // An empty span may have no address at all.
  if (count == 0) return val::global(type).new_(0);
  const val bytes = val(emscripten::typed_memory_view(count * size, static_cast<const unsigned char*>(data)));
  const val copy = bytes.call<val>("slice");
  return val::global(type).new_(copy["buffer"]);
}

void require_array(const val& array, const char* what, std::initializer_list<const char*> types) {
  for (const char* type : types)
    if (!is_absent(array) && array.instanceof (val::global(type))) return;
  throw InputError(what, "it is no array of the right kind", *types.begin());
}

template <typename T>
std::vector<T> copied(const val& array) {
  std::vector<T> values(array["length"].as<std::size_t>());
  if (!values.empty()) val(emscripten::typed_memory_view(values.size(), values.data())).call<void>("set", array);
  return values;
}

}  // namespace

bool is_absent(const val& value) { return value.isNull() || value.isUndefined(); }

std::vector<std::byte> bytes_from(const val& array, const char* what) {
  require_array(array, what, {"Uint8Array", "Uint8ClampedArray"});
  std::vector<std::byte> bytes(array["length"].as<std::size_t>());
  if (!bytes.empty())
    val(emscripten::typed_memory_view(bytes.size(), reinterpret_cast<unsigned char*>(bytes.data())))
        .call<void>("set", array);
  return bytes;
}

std::vector<float> floats_from(const val& array, const char* what) {
  require_array(array, what, {"Float32Array"});
  return copied<float>(array);
}

std::vector<int> integers_from(const val& array, const char* what) {
  require_array(array, what, {"Int32Array"});
  return copied<int>(array);
}

std::vector<std::string> texts_from(const val& array, const char* what) {
  require_array(array, what, {"Array"});
  std::vector<std::string> texts;
  const auto count = array["length"].as<std::size_t>();
  for (std::size_t i = 0; i < count; ++i) texts.push_back(text_of(array[i], what));
  return texts;
}

val to_array(std::span<const std::byte> bytes) { return view_of("Uint8Array", bytes.data(), bytes.size(), 1); }
val to_clamped_array(std::span<const std::uint8_t> bytes) {
  return view_of("Uint8ClampedArray", bytes.data(), bytes.size(), 1);
}
val to_array(std::span<const float> values) {
  return view_of("Float32Array", values.data(), values.size(), sizeof(float));
}
val to_array(std::span<const int> values) { return view_of("Int32Array", values.data(), values.size(), sizeof(int)); }

val to_object(const std::string& json_text) { return val::global("JSON").call<val>("parse", json_text); }
val to_object(const nlohmann::json& json) {
  return to_object(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

double number_of(const val& object, const char* field, const char* what) {
  const auto value = optional_number_of(object, field, what);
  if (!value) throw InputError(std::string(what) + "." + field, "it is absent", "a number");
  return *value;
}

std::optional<double> optional_number_of(const val& object, const char* field, const char* what) {
  if (is_absent(object)) return std::nullopt;
  const val value = object[field];
  if (is_absent(value)) return std::nullopt;
  if (!value.isNumber() || !std::isfinite(value.as<double>()))
    throw InputError(std::string(what) + "." + field, "it is no finite number", "a number");
  return value.as<double>();
}

int whole_number_of(const val& object, const char* field, const char* what) {
  const double value = number_of(object, field, what);
  if (value != std::floor(value) || std::abs(value) > std::numeric_limits<int>::max())
    throw InputError(std::string(what) + "." + field, "it is no whole number", "one below 2^31");
  return static_cast<int>(value);
}

std::string text_of(const val& value, const char* what) {
  if (!value.isString()) throw InputError(what, "it is no text", "text");
  return value.as<std::string>();
}

std::optional<Rectangle> rectangle_from(const val& crop) {
  if (is_absent(crop)) return std::nullopt;
  return Rectangle{whole_number_of(crop, "left", "crop"), whole_number_of(crop, "top", "crop"),
                   whole_number_of(crop, "width", "crop"), whole_number_of(crop, "height", "crop")};
}

Preprocessing preprocessing_from(const val& object) {
  Preprocessing result;
  result.size = whole_number_of(object, "size", "preprocessing");
  if (result.size < 1 || result.size > 4096)
    throw InputError("preprocessing.size", "it is " + std::to_string(result.size), "1 to 4096");
  for (const auto& [field, values] : {std::pair{"mean", &result.mean}, std::pair{"std", &result.std}}) {
    const val array = object[field];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const std::string place = std::to_string(channel);
      (*values)[channel] = static_cast<float>(number_of(array, place.c_str(), field));
    }
  }
  if (!is_absent(object["detail"])) {
    result.detail = whole_number_of(object, "detail", "preprocessing");
    if (result.detail < 0 || result.detail > 4096)
      throw InputError("preprocessing.detail", "it is " + std::to_string(result.detail), "0 to 4096");
  }
  result.rule = parse_resize_rule(text_of(object["resize"], "preprocessing.resize"));
  return result;
}

}  // namespace dermdistill::wasm
