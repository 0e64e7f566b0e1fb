// Everything that decides a run; stored as config.json, so that a run can be read, repeated and resumed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/distill/method.h"
#include "core/image/preprocess.h"
#include "core/learn/optimiser.h"
#include "core/learn/schedule.h"
#include "core/nn/network.h"
#include "native/data/augment.h"
#include "native/data/split.h"

namespace dermdistill {

/// How one stage is optimised.
struct StageConfig {
  int epochs = 5;
  int batch = 32;  // images a step; each gives four views where the method needs them
  OptimiserConfig optimiser;
  ScheduleKind schedule = ScheduleKind::Cosine;
  double rate = 5e-4;
  double final_rate = 0;        // where the cosine ends
  int warmup_epochs = 0;        // linear from 0
  std::vector<int> milestones;  // epochs at which the step schedule multiplies by `factor`
  double factor = 0.1;
  int patience = 10;     // of the plateau schedule, in epochs
  double clip_norm = 0;  // largest norm of the gradient; 0: no limit
  int early_stop = 0;    // epochs without a better validation; 0: never
};

struct DataConfig {
  std::filesystem::path folder;
  std::string fingerprint;  // Dataset::fingerprint()
  SplitConfig split;
  int limit = 0;                   // train on this many images of the training part, stratified; 0: all
  bool allow_other_split = false;  // of the teacher or of the initial weights
  /// What such a model was trained on instead; empty when all were trained on this run's split.
  nlohmann::json other_splits = nlohmann::json::array();
};

struct HeadConfig {
  StageConfig training;
  int transforms = 1;  // stored transforms of every image whose embeddings the head is trained on
  int images = 0;      // as DataConfig::limit, for the head alone
};

struct TeacherReference {
  std::filesystem::path folder;
  std::string sha256;
};

struct DistillConfig {
  Method method = Method::Ce;
  LossConfig loss;
  std::filesystem::path teacher;
  std::string teacher_sha256;
  std::vector<TeacherReference> other_teachers;  // of an ensemble, whose logits are averaged with the first's
  int teacher_orientations = 1;  // of a normal view, that the teacher's logits are the mean over: 1, 2, 4 or 8
  int stored_transforms = 4;
  bool online = false;          // ask the teacher in every step, with fresh transforms, instead of a cache
  std::filesystem::path cache;  // folder; empty: RUN/cache
};

struct RunConfig {
  std::string kind = "teacher";  // or "student"
  NetworkConfig network;
  DataConfig data;
  Preprocessing preprocessing;
  AugmentConfig augment;
  std::string init = "random";  // a file, a run folder or "random"
  std::string init_sha256;      // of that file; empty for "random"
  StageConfig training;
  double class_weight_power = 1;
  double label_smoothing = 0;
  bool smoothing_unweighted = false;          // its share is spread evenly instead of by class weight
  double mixup = 0;                           // alpha of the Beta distribution of the shares; 0: none
  double average_decay = 0;                   // of the weights' moving average; 0: none
  std::string best_by = "balanced_accuracy";  // or "accuracy"
  bool head_only = false;                     // teach: take the network of `init` as it is
  HeadConfig head;                            // teach: stage 2
  DistillConfig distill;                      // distill
  std::uint64_t seed = 2019;
  int threads = 1;
  std::string backend = "auto";
  int save_every = 0;  // steps between checkpoints within an epoch; 0: only after each epoch
};

/// What a laptop does in an evening (AdamW with a cosine), or the paper's own recipe (SGD). `recipe` is "laptop" or
/// "paper", `kind` "teacher" or "student". @throws InputError naming the known recipes.
RunConfig recipe_config(const std::string& kind, const std::string& recipe);

nlohmann::json to_json(const RunConfig& config);
/// @throws FormatError naming the field that is missing or of the wrong type, and `name`.
RunConfig parse_run_config(const nlohmann::json& json, const std::string& name);

/// The first field in which two configurations differ, as "training.epochs"; empty when there is none. Places of files
/// do not count: their content is compared by hash.
std::string first_difference(const RunConfig& a, const RunConfig& b);

/// @throws InputError for a number that makes no sense, naming the option.
void check_config(const RunConfig& config);

}  // namespace dermdistill
