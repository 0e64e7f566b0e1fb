// Optimisers against numbers of PyTorch 1.13 (float64), and their states.
#include "core/learn/optimiser.h"

#include <array>
#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace dermdistill {
namespace {

using Catch::Matchers::Contains;

/// Parameters that own their memory.
struct Model {
  std::vector<std::vector<float>> values, gradients;
  std::vector<Parameter> parameters;

  void add(const std::string& name, ParameterKind kind, std::vector<float> start) {
    values.push_back(std::move(start));
    gradients.emplace_back(values.back().size(), 0.0F);
    parameters.push_back({name, kind, {static_cast<std::int64_t>(values.back().size())}, {}, {}});
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].value = values[i];
      parameters[i].gradient = gradients[i];
    }
  }
};

using Row = std::array<double, 4>;

constexpr std::array<Row, 4> kGradients{
    {{0.1, -0.2, 0.3, 0.05}, {-0.4, 0.25, 0.0, 1.0}, {0.7, 0.7, -0.7, -0.05}, {0.01, -2.0, 0.5, 0.3}}};
constexpr std::array<double, 4> kRates{0.1, 0.1, 0.05, 0.02};

/// Four steps from {0.5, -1.25, 2, 0} with kGradients and kRates must pass through `expected`.
void check_steps(const OptimiserConfig& config, const std::array<Row, 4>& expected) {
  Model model;
  model.add("p", ParameterKind::ConvWeight, {0.5F, -1.25F, 2.0F, 0.0F});
  const auto optimiser = make_optimiser(config, {model.parameters});
  for (std::size_t s = 0; s < 4; ++s) {
    for (std::size_t i = 0; i < 4; ++i) model.gradients[0][i] = static_cast<float>(kGradients[s][i]);
    optimiser->step(kRates[s]);
    for (std::size_t i = 0; i < 4; ++i) {
      INFO("step " << s << ", value " << i);
      CHECK(static_cast<double>(model.values[0][i]) == Approx(expected[s][i]).epsilon(1e-5).margin(1e-6));
    }
  }
}

OptimiserConfig sgd(double momentum, double decay, bool nesterov = false) {
  OptimiserConfig config;
  config.momentum = momentum;
  config.weight_decay = decay;
  config.nesterov = nesterov;
  return config;
}

OptimiserConfig adamw(double decay) {
  OptimiserConfig config;
  config.kind = OptimiserKind::AdamW;
  config.weight_decay = decay;
  return config;
}

TEST_CASE("SGD steps as torch.optim.SGD") {
  check_steps(sgd(0, 0), {{{0.49, -1.23, 1.97, -0.005},
                           {0.53, -1.255, 1.97, -0.105},
                           {0.495, -1.29, 2.005, -0.1025},
                           {0.4948, -1.25, 1.995, -0.1085}}});
  check_steps(sgd(0.9, 0), {{{0.49, -1.23, 1.97, -0.005},
                             {0.521, -1.237, 1.943, -0.1095},
                             {0.49995, -1.27515, 1.96585, -0.154025},
                             {0.492172, -1.248884, 1.964076, -0.176054}}});
  check_steps(sgd(0.9, 0.01), {{{0.4895, -1.22875, 1.968, -0.005},
                                {0.5195605, -1.23339625, 1.937232, -0.109495},
                                {0.49782794475, -1.26987036438, 1.957417784, -0.1539630025},
                                {0.489704659271, -1.24274707148, 1.95429318268, -0.1759406908}}});
}

TEST_CASE("SGD with Nesterov momentum steps as torch.optim.SGD") {
  check_steps(sgd(0.8, 0.05, true), {{{0.4775, -1.20275, 1.928, -0.009},
                                      {0.5372025, -1.22012525, 1.885048, -0.192119},
                                      {0.48062108875, -1.27699028638, 1.926240484, -0.2200200645},
                                      {0.47291968119, -1.2106646157, 1.90826288441, -0.240306064224}}});
}

TEST_CASE("AdamW steps as torch.optim.AdamW") {
  check_steps(adamw(0.01), {{{0.39950001, -1.148750005, 1.89800000333, -0.09999998},
                             {0.455050857475, -1.16387448044, 1.82909618108, -0.17756535283},
                             {0.438268929827, -1.19495734144, 1.84735126244, -0.205863099566},
                             {0.432614399699, -1.18759513301, 1.84584969037, -0.218066920252}}});
  OptimiserConfig other = adamw(0.1);
  other.beta1 = 0.8;
  other.beta2 = 0.95;
  other.epsilon = 1e-3;
  check_steps(other, {{{0.39599009901, -1.13799751244, 1.88033222591, -0.0980392156863},
                       {0.452125340972, -1.14854535765, 1.79815596082, -0.177533216296},
                       {0.430859664132, -1.17764426944, 1.81237563851, -0.204296081314},
                       {0.42395336617, -1.16684526049, 1.80738194193, -0.215960847553}}});
}

TEST_CASE("weight decay can spare batch norms and biases") {
  for (const OptimiserKind kind : {OptimiserKind::Sgd, OptimiserKind::AdamW}) {
    for (const bool weights_only : {false, true}) {
      OptimiserConfig config;
      config.kind = kind;
      config.weight_decay = 0.5;
      config.decay_weights_only = weights_only;
      Model model;
      model.add("conv", ParameterKind::ConvWeight, {1.0F});
      model.add("scale", ParameterKind::NormWeight, {1.0F});
      model.add("offset", ParameterKind::NormBias, {1.0F});
      model.add("linear", ParameterKind::LinearWeight, {1.0F});
      model.add("bias", ParameterKind::LinearBias, {1.0F});
      make_optimiser(config, {model.parameters})->step(0.1);  // gradients are zero: only decay moves a value
      for (std::size_t p = 0; p < model.parameters.size(); ++p) {
        INFO(to_string(kind) << " " << model.parameters[p].name << ", weights only " << weights_only);
        const bool decayed = !weights_only || p == 0 || p == 3;
        CHECK(model.values[p][0] == Approx(decayed ? 0.95 : 1.0).epsilon(1e-6));
      }
    }
  }
}

/// Several parameters, large enough for more than one piece of work, with reproducible gradients.
Model random_model() {
  Random random(7);
  Model model;
  for (const std::size_t size : {std::size_t{40000}, std::size_t{3}, std::size_t{17000}}) {
    std::vector<float> start(size);
    for (float& value : start) value = static_cast<float>(random.normal());
    model.add("p" + std::to_string(size), ParameterKind::ConvWeight, start);
  }
  return model;
}

void random_gradients(Model& model, std::uint64_t seed) {
  Random random(seed);
  for (auto& gradient : model.gradients) {
    for (float& value : gradient) value = static_cast<float>(random.normal());
  }
}

std::vector<OptimiserConfig> configurations() {
  return {sgd(0, 0.01), sgd(0.9, 0.001), sgd(0.9, 0.001, true), adamw(0.05)};
}

TEST_CASE("a resumed optimiser continues with the same bits") {
  for (const OptimiserConfig& config : configurations()) {
    INFO(to_string(config.kind) << " momentum " << config.momentum << " nesterov " << config.nesterov);
    Model whole = random_model(), resumed = random_model();
    const auto reference = make_optimiser(config, {whole.parameters});
    auto optimiser = make_optimiser(config, {resumed.parameters});
    for (std::uint64_t s = 0; s < 6; ++s) {
      random_gradients(whole, s);
      random_gradients(resumed, s);
      reference->step(0.01);
      optimiser->step(0.01);
      if (s == 2) {
        StateDict state = optimiser->state();
        std::reverse(state.begin(), state.end());        // a file may hold tensors in another order
        state.push_back({"someone.else", {1}, {3.0F}});  // and others' tensors
        optimiser = make_optimiser(config, {resumed.parameters});
        optimiser->load(state);
      }
    }
    CHECK(whole.values == resumed.values);
    const StateDict a = reference->state(), b = optimiser->state();
    REQUIRE(a.size() == b.size());
    for (std::size_t t = 0; t < a.size(); ++t) {
      CHECK(a[t].name == b[t].name);
      CHECK(a[t].values == b[t].values);
    }
  }
}

TEST_CASE("an optimiser's result does not depend on the number of threads") {
  const int before = thread_count();
  for (const OptimiserConfig& config : configurations()) {
    std::vector<std::vector<std::vector<float>>> results;
    for (const int threads : {1, 2, 3}) {
      set_thread_count(threads);
      Model model = random_model();
      const auto optimiser = make_optimiser(config, {model.parameters});
      for (std::uint64_t s = 0; s < 3; ++s) {
        random_gradients(model, s);
        optimiser->step(0.01);
      }
      results.push_back(model.values);
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
  }
  set_thread_count(before);
}

TEST_CASE("the state of an optimiser is refused when it does not fit, and then nothing changes") {
  Model model = random_model();
  const auto optimiser = make_optimiser(adamw(0.01), {model.parameters});
  random_gradients(model, 1);
  optimiser->step(0.1);
  const StateDict good = optimiser->state();
  StateDict missing = good;
  missing.erase(missing.begin() + 2);
  CHECK_THROWS_WITH(optimiser->load(missing), Contains("optimiser state " + good[2].name) && Contains("missing"));
  StateDict shaped = good;
  shaped.back().values.clear();
  CHECK_THROWS_WITH(optimiser->load(shaped), Contains("adam_step") && Contains("expected 1"));
  CHECK(optimiser->state().front().values == good.front().values);
}

TEST_CASE("optimisers refuse settings and parameters that make no sense") {
  Model model;
  model.add("p", ParameterKind::ConvWeight, {1.0F});
  const std::span<Parameter> group = model.parameters;
  CHECK_THROWS_WITH(make_optimiser(sgd(1.0, 0), {group}), Contains("momentum") && Contains("below 1"));
  CHECK_THROWS_WITH(make_optimiser(sgd(0, 0, true), {group}), Contains("Nesterov"));
  CHECK_THROWS_WITH(make_optimiser(adamw(-1), {group}), Contains("weight decay"));
  CHECK_THROWS_WITH(make_optimiser(sgd(0.9, 0), {group, group}), Contains("parameter p") && Contains("twice"));
  CHECK(parse_optimiser("adamw") == OptimiserKind::AdamW);
  CHECK(to_string(parse_optimiser("sgd")) == "sgd");
  CHECK_THROWS_WITH(parse_optimiser("adam"), Contains("optimiser adam") && Contains("sgd or adamw"));
}

}  // namespace
}  // namespace dermdistill
