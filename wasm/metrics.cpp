// Metrics of predictions, and the matrix product by itself.
#include "core/metrics/metrics.h"

#include <emscripten/bind.h>

#include "core/nn/backend.h"
#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {
namespace {

val metrics_of(val classes, val probabilities, val labels, val groups, int samples) {
  return guarded([&] {
    Predictions predictions;
    predictions.classes = texts_from(classes, "classes");
    predictions.probabilities = floats_from(probabilities, "probabilities");
    predictions.labels = integers_from(labels, "labels");
    if (!is_absent(groups)) predictions.groups = integers_from(groups, "groups");
    MetricOptions options;
    options.bootstrap_samples = samples;
    return to_object(to_json(compute_metrics(predictions, options), CurveDetail::Thinned));
  });
}

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

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_metrics) {
  using namespace dermdistill::wasm;
  emscripten::function("computeMetrics", &metrics_of);
  emscripten::function("multiply", &multiply);
}
