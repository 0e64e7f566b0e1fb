// Tensors in files: safetensors, half precision, and what a model's hash covers.
#include <emscripten/bind.h>

#include "core/io/half.h"
#include "core/io/safetensors.h"
#include "core/io/safetensors_header.h"
#include "core/io/weights_digest.h"
#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {
namespace {

std::vector<std::int64_t> shape_from(const val& array, const std::string& name) {
  std::vector<std::int64_t> shape;
  const auto count = array["length"].as<std::size_t>();
  for (std::size_t i = 0; i < count; ++i) {
    const double size = array[i].as<double>();
    if (!(size >= 0 && size < 0x1p53))
      throw InputError("tensor " + name, "its shape has an unusable size", "whole numbers");
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return shape;
}

val parse(val bytes, const std::string& name) {
  return guarded([&] {
    const TensorFile file = parse_safetensors(bytes_from(bytes, "safetensors file"), name);
    val metadata = val::object(), tensors = val::array();
    for (const auto& [key, value] : file.metadata) metadata.set(key, value);
    for (const StoredTensor& tensor : file.tensors) {
      val shape = val::array(), entry = val::object();
      for (const std::int64_t size : tensor.shape) shape.call<void>("push", static_cast<double>(size));
      entry.set("name", tensor.name);
      entry.set("dtype", to_string(tensor.dtype));
      entry.set("shape", shape);
      entry.set("bytes", to_array(std::span<const std::byte>(tensor.bytes)));
      tensors.call<void>("push", entry);
    }
    val result = val::object();
    result.set("metadata", metadata);
    result.set("tensors", tensors);
    return result;
  });
}

val serialise(val object) {
  return guarded([&] {
    TensorFile file;
    const val keys = val::global("Object").call<val>("keys", object["metadata"]);
    const auto count = keys["length"].as<std::size_t>();
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = keys[i].as<std::string>();
      file.metadata[key] = text_of(object["metadata"][key], "metadata");
    }
    const val tensors = object["tensors"];
    const auto tensor_count = tensors["length"].as<std::size_t>();
    for (std::size_t i = 0; i < tensor_count; ++i) {
      const val entry = tensors[i];
      StoredTensor tensor;
      tensor.name = text_of(entry["name"], "tensor's name");
      const std::string dtype = text_of(entry["dtype"], "tensor's dtype");
      if (!parse_dtype(dtype, tensor.dtype)) throw InputError("tensor " + tensor.name, "has the unknown type " + dtype);
      tensor.shape = shape_from(entry["shape"], tensor.name);
      tensor.bytes = bytes_from(entry["bytes"], "tensor's bytes");
      file.tensors.push_back(std::move(tensor));
    }
    return to_array(std::span<const std::byte>(serialise_safetensors(file)));
  });
}

val digest_input(val tensors) {
  return guarded([&] {
    std::vector<std::byte> bytes;
    const auto count = tensors["length"].as<std::size_t>();
    for (std::size_t i = 0; i < count; ++i) {
      const val entry = tensors[i];
      const std::string name = text_of(entry["name"], "tensor's name");
      const std::vector<float> values = floats_from(entry["values"], "tensor's values");
      append_digest_input(name, shape_from(entry["shape"], name), values, bytes);
    }
    return to_array(std::span<const std::byte>(bytes));
  });
}

val from_half_bytes(val halves) {
  return guarded([&] {
    const std::vector<std::byte> bytes = bytes_from(halves, "half-precision values");
    if (bytes.size() % 2 != 0)
      throw ShapeError("half-precision values", std::to_string(bytes.size()) + " bytes", "two each");
    std::vector<float> values;
    values.reserve(bytes.size() / 2);
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      const unsigned bits = std::to_integer<unsigned>(bytes[i]) | std::to_integer<unsigned>(bytes[i + 1]) << 8;
      values.push_back(from_half(static_cast<std::uint16_t>(bits)));
    }
    return to_array(values);
  });
}

val to_half_bytes(val values) {
  return guarded([&] {
    std::vector<std::byte> bytes;
    for (const float value : floats_from(values, "values")) {
      const std::uint16_t half = to_half(value);
      bytes.push_back(static_cast<std::byte>(half & 0xffu));
      bytes.push_back(static_cast<std::byte>(half >> 8));
    }
    return to_array(std::span<const std::byte>(bytes));
  });
}

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_files) {
  using namespace dermdistill::wasm;
  emscripten::function("parseSafetensors", &parse);
  emscripten::function("serialiseSafetensors", &serialise);
  emscripten::function("weightsDigestInput", &digest_input);
  emscripten::function("fromHalf", &from_half_bytes);
  emscripten::function("toHalf", &to_half_bytes);
}
