// The matrix product and the depthwise convolution by themselves, for tests and benchmarks.
#include <emscripten/bind.h>

#include "core/nn/backend.h"
#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {
namespace {

val multiply(val a, val b, int m, int n, int k, bool transpose_a, bool transpose_b, const std::string& backend_name,
             int repeats) {
  return guarded([&] {
    const std::vector<float> left = floats_from(a, "left factor"), right = floats_from(b, "right factor");
    if (m < 1 || n < 1 || k < 1 || repeats < 1)
      throw InputError("product", "a size or the repeats are not positive", "positive whole numbers");
    const auto size = [](int rows, int columns) {
      return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    };
    if (left.size() != size(m, k) || right.size() != size(k, n))
      throw ShapeError(
          "product",
          "its factors have " + std::to_string(left.size()) + " and " + std::to_string(right.size()) + " values",
          std::to_string(size(m, k)) + " and " + std::to_string(size(k, n)));
    std::vector<float> product(size(m, n));
    const Backend& backend = backend_named(backend_name);
    for (int i = 0; i < repeats; ++i) backend.gemm(transpose_a, transpose_b, m, n, k, left, right, 0.0F, product);
    return to_array(product);
  });
}

void require_values(const std::vector<float>& values, std::size_t expected, const char* what) {
  if (values.size() != expected) {
    throw ShapeError(std::string("depthwise convolution, ") + what, std::to_string(values.size()) + " values",
                     std::to_string(expected));
  }
}

val depthwise(const std::string& pass, val first, val second, int batch, int height, int width, int channels,
              int stride, int repeats) {
  return guarded([&] {
    if (batch < 1 || height < 1 || width < 1 || channels < 1 || repeats < 1)
      throw InputError("depthwise convolution", "a size or the repeats are not positive", "positive whole numbers");
    const ConvShape shape{batch, height, width, channels, channels, 3, stride, 1, true};
    const auto convolution = backend_named("auto").convolution(shape);
    const std::vector<float> left = floats_from(first, "first factor"), right = floats_from(second, "second factor");
    const auto result = [&](std::size_t left_size, std::size_t right_size, std::size_t size, auto&& run) {
      require_values(left, left_size, "first factor");
      require_values(right, right_size, "second factor");
      std::vector<float> values(size);
      for (int i = 0; i < repeats; ++i) run(values);
      return to_array(values);
    };
    const std::size_t inputs = shape.input_size(), weights = shape.weight_size(), outputs = shape.output_size();
    if (pass == "forward") {
      return result(inputs, weights, outputs, [&](auto& y) { convolution->forward(left, right, y); });
    }
    if (pass == "backward_data") {
      return result(outputs, weights, inputs, [&](auto& dx) { convolution->backward_data(left, right, dx); });
    }
    if (pass == "backward_weights") {
      return result(inputs, outputs, weights, [&](auto& dw) { convolution->backward_weights(left, right, dw); });
    }
    throw InputError("pass of a depthwise convolution", pass, "forward, backward_data or backward_weights");
  });
}

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_kernels) {
  using namespace dermdistill::wasm;
  emscripten::function("multiply", &multiply);
  emscripten::function("depthwise", &depthwise);
}
