#include "core/distill/method.h"

#include <array>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace dermdistill {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 8> kNames{{{"ce", Method::Ce},
                                                                     {"kd", Method::Kd},
                                                                     {"fitnet", Method::Fitnet},
                                                                     {"rkd", Method::Rkd},
                                                                     {"crkd", Method::Crkd},
                                                                     {"d-kd", Method::DKd},
                                                                     {"sskd", Method::SsKd},
                                                                     {"ssd-kd", Method::SsdKd}}};
constexpr std::array<Method, 8> kMethods{Method::Ce,   Method::Kd,  Method::Fitnet, Method::Rkd,
                                         Method::Crkd, Method::DKd, Method::SsKd,   Method::SsdKd};

}  // namespace

Method parse_method(std::string_view name) {
  std::string known;
  for (const auto& [text, method] : kNames) {
    if (text == name) return method;
    known.append(known.empty() ? "" : ", ").append(text);
  }
  throw InputError("method " + std::string(name), "is unknown", "one of " + known);
}

std::string_view to_string(Method method) {
  for (const auto& [text, known] : kNames) {
    if (known == method) return text;
  }
  throw InputError("method", "is unknown");
}

std::span<const Method> all_methods() { return kMethods; }

LossConfig loss_config(Method method) {
  LossConfig config;
  if (method == Method::Ce) {
    config.ce = 1.0F;  // nothing but the labels: the student's own baseline
    return config;
  }
  // Every method with a teacher starts from the same labels and softened scores, so that each adds just its own term.
  config.ce = 0.1F;
  config.kd = 0.9F;
  const bool inter = method == Method::Rkd || method == Method::DKd || method == Method::SsdKd;
  const bool intra = method == Method::Crkd || method == Method::DKd || method == Method::SsdKd;
  const bool self_supervised = method == Method::SsKd || method == Method::SsdKd;
  if (method == Method::Fitnet) config.fitnet = 1.0F;  // not one of the paper's: the hint of FitNets at weight 1
  if (inter) {
    config.rkd_distance = 25.0F;
    config.rkd_angle = 50.0F;
  }
  if (intra) config.crkd = 1000.0F;
  if (self_supervised) {
    config.kd_transformed = 2.7F;
    config.ss = 10.0F;
  }
  return config;
}

bool needs_transformed_views(const LossConfig& config) { return config.kd_transformed != 0 || config.ss != 0; }

bool needs_embedding(const LossConfig& config) { return config.rkd_distance != 0 || config.rkd_angle != 0; }

bool needs_projection(const LossConfig& config) { return config.ss != 0; }

bool needs_regressor(const LossConfig& config) { return config.crkd != 0 || config.fitnet != 0; }

bool needs_teacher(const LossConfig& config) {
  return config.kd != 0 || needs_transformed_views(config) || needs_embedding(config) || needs_regressor(config);
}

}  // namespace dermdistill
