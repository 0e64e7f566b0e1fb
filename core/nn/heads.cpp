#include "core/nn/heads.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/index.h"
#include "core/nn/batch_norm.h"

namespace dermdistill {
namespace {

/// Named values with one gradient each, as the heads keep them.
class ParameterSet {
 public:
  explicit ParameterSet(std::string prefix) : prefix_(std::move(prefix)) {}

  void add(const std::string& name, ParameterKind kind, std::vector<std::int64_t> shape) {
    std::int64_t size = 1;
    for (const auto extent : shape) size *= extent;
    values_.emplace_back(at(size));
    gradients_.emplace_back(at(size));
    parameters_.push_back({prefix_ + "." + name, kind, std::move(shape), values_.back(), gradients_.back()});
  }
  std::span<Parameter> all() { return parameters_; }
  Parameter& operator[](std::size_t i) { return parameters_[i]; }

  StateDict state() const {
    StateDict state;
    for (const Parameter& p : parameters_) state.push_back({p.name, p.shape, {p.value.begin(), p.value.end()}});
    return state;
  }

 private:
  std::string prefix_;
  std::vector<std::vector<Scalar>> values_, gradients_;  // moved as vectors, so the spans below stay valid
  std::vector<Parameter> parameters_;
};

void load_tensor(const StateDict& state, const std::string& name, std::span<Scalar> target) {
  const auto found = std::find_if(state.begin(), state.end(), [&](const NamedTensor& t) { return t.name == name; });
  if (found == state.end()) throw ShapeError("tensor " + name, "is missing", "a file that holds it");
  if (found->values.size() != target.size()) {
    throw ShapeError("tensor " + name, "has " + std::to_string(found->values.size()) + " values",
                     std::to_string(target.size()));
  }
  if (!std::all_of(found->values.begin(), found->values.end(), [](float v) { return std::isfinite(v); })) {
    throw NumericError("tensor " + name, "holds a value that is not finite", "finite numbers");
  }
  std::copy(found->values.begin(), found->values.end(), target.begin());
}

void uniform_fan_in(std::span<Scalar> values, int fan_in, Random& random) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  for (Scalar& value : values) value = static_cast<Scalar>(random.uniform(-bound, bound));
}

}  // namespace

struct ProjectionHead::Impl {
  int dimensions;
  const Backend* backend;
  ParameterSet parameters;
  int rows = 0;
  std::span<const Scalar> input = {};  // the caller's
  std::vector<Scalar> hidden = {}, output = {}, d_hidden = {}, d_input = {};
};

ProjectionHead::ProjectionHead(int dimensions, std::string prefix, const Backend& backend)
    : impl_(std::make_unique<Impl>(Impl{dimensions, &backend, ParameterSet(std::move(prefix))})) {
  for (const char* layer : {"0", "2"}) {
    impl_->parameters.add(std::string(layer) + ".weight", ParameterKind::LinearWeight, {dimensions, dimensions});
    impl_->parameters.add(std::string(layer) + ".bias", ParameterKind::LinearBias, {dimensions});
  }
}
ProjectionHead::~ProjectionHead() = default;
ProjectionHead::ProjectionHead(ProjectionHead&&) noexcept = default;

void ProjectionHead::initialise(Random& random) {
  for (Parameter& p : impl_->parameters.all()) uniform_fan_in(p.value, impl_->dimensions, random);
}
int ProjectionHead::dimensions() const { return impl_->dimensions; }
std::span<Parameter> ProjectionHead::parameters() { return impl_->parameters.all(); }
StateDict ProjectionHead::state() const { return impl_->parameters.state(); }
void ProjectionHead::load(const StateDict& state) {
  for (Parameter& p : impl_->parameters.all()) load_tensor(state, p.name, p.value);
}

std::span<const Scalar> ProjectionHead::forward(std::span<const Scalar> embedding) {
  Impl& m = *impl_;
  const int d = m.dimensions;
  if (embedding.empty() || embedding.size() % at(d) != 0) {
    throw ShapeError("projection head", std::to_string(embedding.size()) + " values", "rows of " + std::to_string(d));
  }
  m.rows = static_cast<int>(embedding.size()) / d;
  m.input = embedding;
  m.hidden.resize(embedding.size());
  m.output.resize(embedding.size());
  for (int r = 0; r < m.rows; ++r) {
    std::copy(m.parameters[1].value.begin(), m.parameters[1].value.end(), m.hidden.begin() + r * d);
    std::copy(m.parameters[3].value.begin(), m.parameters[3].value.end(), m.output.begin() + r * d);
  }
  m.backend->gemm(false, true, m.rows, d, d, m.input, m.parameters[0].value, 1.0f, m.hidden);
  for (Scalar& h : m.hidden) h = std::max(h, Scalar{0});
  m.backend->gemm(false, true, m.rows, d, d, m.hidden, m.parameters[2].value, 1.0f, m.output);
  return m.output;
}

std::span<const Scalar> ProjectionHead::backward(std::span<const Scalar> gradient) {
  Impl& m = *impl_;
  const int d = m.dimensions;
  if (gradient.size() != m.output.size()) {
    throw ShapeError("projection head gradient", std::to_string(gradient.size()) + " values",
                     std::to_string(m.output.size()));
  }
  m.d_hidden.resize(gradient.size());
  m.d_input.resize(gradient.size());
  const auto bias_gradient = [&](std::span<const Scalar> rows, std::span<Scalar> bias) {
    std::fill(bias.begin(), bias.end(), Scalar{0});
    for (int r = 0; r < m.rows; ++r) {
      const Scalar* row = rows.data() + static_cast<std::int64_t>(r) * d;
      for (int i = 0; i < d; ++i) bias[at(i)] += row[i];
    }
  };
  m.backend->gemm(true, false, d, d, m.rows, gradient, m.hidden, 0.0f, m.parameters[2].gradient);
  bias_gradient(gradient, m.parameters[3].gradient);
  m.backend->gemm(false, false, m.rows, d, d, gradient, m.parameters[2].value, 0.0f, m.d_hidden);
  for (std::size_t i = 0; i < m.d_hidden.size(); ++i) {
    if (m.hidden[i] <= 0.0f) m.d_hidden[i] = 0.0f;
  }
  m.backend->gemm(true, false, d, d, m.rows, m.d_hidden, m.input, 0.0f, m.parameters[0].gradient);
  bias_gradient(m.d_hidden, m.parameters[1].gradient);
  m.backend->gemm(false, false, m.rows, d, d, m.d_hidden, m.parameters[0].value, 0.0f, m.d_input);
  return m.d_input;
}

struct Regressor::Impl {
  int in, out;
  const Backend* backend;
  std::string prefix;
  ParameterSet parameters;
  std::vector<Scalar> running_mean, running_variance;
  BatchNorm norm;
  std::unique_ptr<Convolution> convolution = nullptr;
  int batch = 0, height = 0, width = 0;
  std::span<const Scalar> input = {};  // the caller's
  std::vector<Scalar> raw = {}, output = {}, d_raw = {}, d_input = {};
};

Regressor::Regressor(int in_channels, int out_channels, const std::string& prefix, const Backend& backend)
    : impl_(std::make_unique<Impl>(Impl{in_channels, out_channels, &backend, prefix, ParameterSet(prefix),
                                        std::vector<Scalar>(at(out_channels), 0.0f),
                                        std::vector<Scalar>(at(out_channels), 1.0f), BatchNorm(out_channels)})) {
  impl_->parameters.add("0.weight", ParameterKind::ConvWeight, {out_channels, in_channels, 1, 1});
  impl_->parameters.add("1.weight", ParameterKind::NormWeight, {out_channels});
  impl_->parameters.add("1.bias", ParameterKind::NormBias, {out_channels});
  std::fill(impl_->parameters[1].value.begin(), impl_->parameters[1].value.end(), 1.0f);
}
Regressor::~Regressor() = default;
Regressor::Regressor(Regressor&&) noexcept = default;

void Regressor::initialise(Random& random) {
  Impl& m = *impl_;
  uniform_fan_in(m.parameters[0].value, m.in, random);  // as PyTorch's Conv2d
  std::fill(m.parameters[1].value.begin(), m.parameters[1].value.end(), 1.0f);
  std::fill(m.parameters[2].value.begin(), m.parameters[2].value.end(), 0.0f);
}
std::span<Parameter> Regressor::parameters() { return impl_->parameters.all(); }

StateDict Regressor::state() const {
  StateDict state = impl_->parameters.state();
  const auto add = [&](const char* name, const std::vector<Scalar>& values) {
    state.push_back({impl_->prefix + name, {impl_->out}, {values.begin(), values.end()}});
  };
  add(".1.running_mean", impl_->running_mean);
  add(".1.running_var", impl_->running_variance);
  return state;
}

void Regressor::load(const StateDict& state) {
  for (Parameter& p : impl_->parameters.all()) load_tensor(state, p.name, p.value);
  load_tensor(state, impl_->prefix + ".1.running_mean", impl_->running_mean);
  load_tensor(state, impl_->prefix + ".1.running_var", impl_->running_variance);
}

std::span<const Scalar> Regressor::forward(std::span<const Scalar> features, int batch, int height, int width) {
  Impl& m = *impl_;
  const ConvShape shape{batch, height, width, m.in, m.out, 1, 1, 0, false};
  if (features.size() != shape.input_size()) {
    throw ShapeError("regressor", std::to_string(features.size()) + " values", std::to_string(shape.input_size()));
  }
  if (!m.convolution || batch != m.batch || height != m.height || width != m.width) {
    m.convolution = m.backend->convolution(shape);
    m.batch = batch;
    m.height = height;
    m.width = width;
    for (auto* buffer : {&m.raw, &m.output}) buffer->resize(shape.output_size());
    m.d_input.resize(shape.input_size());
  }
  m.input = features;
  m.convolution->forward(m.input, m.parameters[0].value, m.raw);
  m.norm.measure(m.raw, m.parameters[1].value, m.parameters[2].value, m.running_mean, m.running_variance);
  m.norm.apply(m.raw, {}, Activation::Relu, m.output);
  return m.output;
}

std::span<const Scalar> Regressor::backward(std::span<const Scalar> gradient) {
  impl_->d_raw.assign(gradient.begin(), gradient.end());
  return backward_in_place(impl_->d_raw);
}

std::span<const Scalar> Regressor::backward_in_place(std::span<Scalar> gradient) {
  Impl& m = *impl_;
  if (gradient.size() != m.output.size()) {
    throw ShapeError("regressor gradient", std::to_string(gradient.size()) + " values",
                     std::to_string(m.output.size()));
  }
  m.norm.backward(gradient, {}, m.raw, {}, m.parameters[1].value, Activation::Relu, false, gradient,
                  m.parameters[1].gradient, m.parameters[2].gradient);
  m.convolution->backward_weights(m.input, gradient, m.parameters[0].gradient);
  m.convolution->backward_data(gradient, m.parameters[0].value, m.d_input);
  return m.d_input;
}

}  // namespace dermdistill
