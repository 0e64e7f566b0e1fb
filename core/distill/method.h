// The distillation methods a user can pick, as weights of the same terms.
#pragma once

#include <span>
#include <string_view>

namespace dermdistill {

enum class Method { Ce, Kd, Fitnet, Rkd, Crkd, DKd, SsKd, SsdKd };

/// "ce", "kd", "fitnet", "rkd", "crkd", "d-kd", "sskd", "ssd-kd". @throws InputError naming the known ones.
Method parse_method(std::string_view name);
std::string_view to_string(Method method);
std::span<const Method> all_methods();

/// Weight of each term (0: off) and the terms' settings.
struct LossConfig {
  float ce = 0;              // class-weighted cross entropy of the normal views
  float kd = 0;              // softened class scores of the normal views
  float kd_transformed = 0;  // softened class scores of the transformed views
  float ss = 0;              // softened similarities of transformed to normal views
  float rkd_distance = 0;    // distances of pairs of rows
  float rkd_angle = 0;       // angles of triples of rows
  float crkd = 0;            // channel relations
  float fitnet = 0;          // mean squared difference of feature maps
  float kd_temperature = 4;
  float ss_temperature = 0.5F;
  double keep_transformed = 1.0;  // share kept of the transformed views whose class the teacher gets wrong
  double keep_similarity = 0.75;  // share kept of the transformed views whose image the teacher gets wrong
  float label_smoothing = 0;
  bool unweighted_smoothing = false;  // see TargetOptions
};

/// The paper's weights (Wang et al. 2023, published code): "ssd-kd" is
/// 0.1 CE + 0.9 KD + 2.7 KD transformed + 10 SS + 25 RKD-D + 50 RKD-A + 1000 CRKD, and the others are parts of it.
LossConfig loss_config(Method method);

bool needs_transformed_views(const LossConfig& config);  // four views an image instead of one
bool needs_teacher(const LossConfig& config);
bool needs_embedding(const LossConfig& config);
bool needs_projection(const LossConfig& config);
bool needs_regressor(const LossConfig& config);

}  // namespace dermdistill
