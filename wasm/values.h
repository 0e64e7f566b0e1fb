// JavaScript values into the core's types and back; see core.d.ts for what they look like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <emscripten/val.h>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/image/crop.h"
#include "core/image/preprocess.h"
#include "core/io/model_card.h"

namespace dermdistill::wasm {

using emscripten::val;

bool is_absent(const val& value);  // null or undefined

/// Copies of typed arrays. @throws InputError naming `what` when it is no array of that kind.
std::vector<std::byte> bytes_from(const val& array, const char* what);
std::vector<float> floats_from(const val& array, const char* what);
std::vector<int> integers_from(const val& array, const char* what);
std::vector<std::string> texts_from(const val& array, const char* what);

/// A new Uint8Array, Uint8ClampedArray, Float32Array or Int32Array.
val to_array(std::span<const std::byte> bytes);
val to_clamped_array(std::span<const std::uint8_t> bytes);
val to_array(std::span<const float> values);
val to_array(std::span<const int> values);

/// The plain object of a JSON text or value; numbers that are not finite become null.
val to_object(const std::string& json_text);
val to_object(const nlohmann::json& json);

/// A finite number of an object's field. @throws InputError naming what.field.
double number_of(const val& object, const char* field, const char* what);
/// Absent when the field is. @throws InputError as number_of.
std::optional<double> optional_number_of(const val& object, const char* field, const char* what);
/// A whole number. @throws InputError as number_of.
int whole_number_of(const val& object, const char* field, const char* what);
std::string text_of(const val& value, const char* what);

std::optional<Rectangle> rectangle_from(const val& crop);
Preprocessing preprocessing_from(const val& object);

}  // namespace dermdistill::wasm
