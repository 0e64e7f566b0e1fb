#include "native/cli/run_options.h"

#include <algorithm>

#include "core/base/error.h"
#include "native/cli/thread_option.h"
#include "native/train/initial_weights.h"
#include "native/train/run_folder.h"

namespace dermdistill {

std::filesystem::path absolute_path(const std::string& path) {
  return path.empty() ? std::filesystem::path() : std::filesystem::absolute(path).lexically_normal();
}

RunOptions::RunOptions(CLI::App& command, std::string kind) : command_(command), kind_(std::move(kind)) {
  command.add_option("--out", out_, "Folder of the run: configuration, log, checkpoints and report")
      ->required()
      ->type_name("RUN");
  command.add_flag("--resume", resume_, "Go on with the run in --out; its configuration holds");
  command
      .add_option("--recipe", recipe_, "Where the defaults come from: laptop (AdamW, cosine) or paper (SGD, plateau)")
      ->check(CLI::IsMember({"laptop", "paper"}))
      ->capture_default_str();
  add_change<std::string>("--data", "The data set", [](RunConfig& c, const std::string& v) {
    c.data.folder = absolute_path(v);
  })->type_name("DIR");
  add_change<std::string>("--arch", "mobilenet_v2, resnet18, resnet34 or resnet50",
                          [](RunConfig& c, const std::string& v) { c.network.architecture = parse_architecture(v); })
      ->default_str(kind_ == "teacher" ? "resnet50" : "mobilenet_v2");
  add<double>("--width", "Width multiplier of mobilenet_v2", [](RunConfig& c) -> double& { return c.network.width; });
  add_change<std::string>(
      "--init", "Weights to start from: a .safetensors file, a run folder, a student.onnx, or the word random",
      [](RunConfig& c, const std::string& v) { c.init = v == kRandomInit ? v : absolute_path(v).string(); })
      ->type_name("W")
      ->default_str(kRandomInit);
  add_flag("--allow-other-split",
           "Accept a teacher or initial weights trained on another split, which may know the test images; noted in the "
           "model's card",
           [](RunConfig& c) { c.data.allow_other_split = true; });
  add<int>("--size", "Side of the images in pixels", [](RunConfig& c) -> int& { return c.preprocessing.size; });
  add_change<std::string>("--resize", "How an image becomes square: squash or crop-shorter-side",
                          [](RunConfig& c, const std::string& v) { c.preprocessing.rule = parse_resize_rule(v); })
      ->default_str("squash");
  add<int>("--detail",
           "Bring larger pictures down to this many pixels a side first, such as the size of the training images, so "
           "that sharper ones show the model no more; 0: as they are",
           [](RunConfig& c) -> int& { return c.preprocessing.detail; });
  add_flag("--no-augment", "Train on the images as they are", [](RunConfig& c) { c.augment.enabled = false; });
  add<double>("--jpeg", "Chance that a training image is stored again as JPEG first", [](RunConfig& c) -> double& {
    return c.augment.recompression_probability;
  })->check(CLI::Range(0.0, 1.0));
  add<double>("--hair", "Chance that hair is drawn over a training image", [](RunConfig& c) -> double& {
    return c.augment.hair_probability;
  })->check(CLI::Range(0.0, 1.0));
  add<double>("--frames", "Chance that a training image gets a camera's black frame: a round mask or rims",
              [](RunConfig& c) -> double& { return c.augment.frame_probability; })
      ->check(CLI::Range(0.0, 1.0));
  add<int>("--limit", "Train on this many images only, every class keeping its share; 0: all",
           [](RunConfig& c) -> int& { return c.data.limit; });
  add_change<std::string>("--split-rule", "lesion, or image as the paper did (leaks: figures are too good)",
                          [](RunConfig& c, const std::string& v) { c.data.split.rule = parse_split_rule(v); })
      ->default_str("lesion");
  add<std::uint64_t>("--split-seed", "Seed of the split",
                     [](RunConfig& c) -> std::uint64_t& { return c.data.split.seed; });
  add<double>("--validation", "Share of the images for validation",
              [](RunConfig& c) -> double& { return c.data.split.validation; });
  add<double>("--test", "Share of the images that are kept for testing",
              [](RunConfig& c) -> double& { return c.data.split.test; });
  add<int>("--folds", "Cross validation: number of folds; 0: none",
           [](RunConfig& c) -> int& { return c.data.split.folds; });
  add<int>("--fold", "Cross validation: the fold that is kept for testing",
           [](RunConfig& c) -> int& { return c.data.split.fold; });
  add_stage("", "Optimisation", [](RunConfig& c) -> StageConfig& { return c.training; });
  add<double>("--class-weight-power", "Class weights are (total / count) to this power",
              [](RunConfig& c) -> double& { return c.class_weight_power; });
  add<double>("--label-smoothing", "Share of the label spread over all classes",
              [](RunConfig& c) -> double& { return c.label_smoothing; });
  add_flag(
      "--smoothing-unweighted",
      "Spread the share of --label-smoothing evenly, not by class weight as PyTorch does, which lifts rare classes "
      "in every label",
      [](RunConfig& c) { c.smoothing_unweighted = true; });
  add<double>("--mixup",
              "Strength of mixup: images are mixed in pairs with a share drawn from Beta(ALPHA, ALPHA); 0: none",
              [](RunConfig& c) -> double& { return c.mixup; })
      ->type_name("ALPHA");
  add<double>("--ema", "Decay of a moving average of the weights, such as 0.999; 0: none",
              [](RunConfig& c) -> double& { return c.average_decay; });
  add<std::string>("--best-by", "Which validation figure decides the best epoch: balanced_accuracy or accuracy",
                   [](RunConfig& c) -> std::string& { return c.best_by; });
  add<int>("--save-every", "Steps between checkpoints within an epoch; 0: after each epoch only",
           [](RunConfig& c) -> int& { return c.save_every; });
  add<std::uint64_t>("--seed", "Seed of everything random but the split",
                     [](RunConfig& c) -> std::uint64_t& { return c.seed; });
  add_change<int>("--threads", "Threads to compute with; a run is repeatable for the same number",
                  [](RunConfig& c, const int& v) { c.threads = v; })
      ->default_str("all of the machine");
  add<std::string>("--backend",
                   "Kernels: auto, onednn, onednn_bf16, fused or eigen; or an NVIDIA card: cuda or cuda_tf32",
                   [](RunConfig& c) -> std::string& { return c.backend; });
}

CLI::Option* RunOptions::add_flag(const std::string& flag, const std::string& description,
                                  const std::function<void(RunConfig&)>& change) {
  return command_.add_flag_callback(
      flag, [this, flag, change] { changes_.emplace_back(flag, change); }, description);
}

void RunOptions::add_stage(const std::string& prefix, const std::string& group,
                           const std::function<StageConfig&(RunConfig&)>& access) {
  const std::string p = "--" + prefix;
  const auto integer = [&](const std::string& flag, const std::string& description, int StageConfig::*field) {
    add<int>(p + flag, description, [access, field](RunConfig& c) -> int& { return access(c).*field; })->group(group);
  };
  const auto number = [&](const std::string& flag, const std::string& description, double StageConfig::*field) {
    add<double>(p + flag, description, [access, field](RunConfig& c) -> double& {
      return access(c).*field;
    })->group(group);
  };
  RunConfig defaults = recipe_config(kind_, "laptop");
  integer("epochs", "Epochs", &StageConfig::epochs);
  integer("batch", "Images a step", &StageConfig::batch);
  add_change<std::string>(
      p + "optimiser", "adamw or sgd",
      [access](RunConfig& c, const std::string& v) { access(c).optimiser.kind = parse_optimiser(v); })
      ->default_str(std::string(to_string(access(defaults).optimiser.kind)))
      ->group(group);
  number("rate", "Learning rate", &StageConfig::rate);
  add<double>(p + "weight-decay", "Weight decay", [access](RunConfig& c) -> double& {
    return access(c).optimiser.weight_decay;
  })->group(group);
  add<double>(p + "momentum", "Momentum of sgd", [access](RunConfig& c) -> double& {
    return access(c).optimiser.momentum;
  })->group(group);
  add_flag(p + "nesterov", "Nesterov's momentum for sgd", [access](RunConfig& c) {
    access(c).optimiser.nesterov = true;
  })->group(group);
  add_change<std::string>(p + "schedule", "constant, step, plateau or cosine",
                          [access](RunConfig& c, const std::string& v) { access(c).schedule = parse_schedule(v); })
      ->default_str(std::string(to_string(access(defaults).schedule)))
      ->group(group);
  integer("warmup-epochs", "Epochs over which the rate rises from 0", &StageConfig::warmup_epochs);
  add<std::vector<int>>(p + "milestones", "Epochs at which the step schedule lowers the rate, as 30,45",
                        [access](RunConfig& c) -> std::vector<int>& { return access(c).milestones; })
      ->delimiter(',')
      ->group(group);
  number("factor", "What the step and plateau schedules multiply the rate with", &StageConfig::factor);
  integer("patience", "Epochs that the plateau schedule waits for a better validation", &StageConfig::patience);
  number("final-rate", "Where the cosine ends", &StageConfig::final_rate);
  number("clip-norm", "Largest norm of the gradient; 0: no limit", &StageConfig::clip_norm);
  integer("early-stop", "Stop after this many epochs without a better validation; 0: never", &StageConfig::early_stop);
}

bool RunOptions::given(const std::string& flag) const {
  return std::any_of(changes_.begin(), changes_.end(), [&](const auto& change) { return change.first == flag; });
}

RunConfig RunOptions::resolve() const {
  if (resume_) return resolve_resumed();
  RunConfig config = recipe_config(kind_, recipe_);
  config.threads = available_threads();
  for (const auto& [flag, change] : changes_) change(config);
  if (config.data.folder.empty()) throw InputError("--data", "is missing", "the folder of a data set");
  return config;
}

RunConfig RunOptions::resolve_resumed() const {
  const RunConfig stored = RunFolder::open(out_).read_config();
  if (stored.kind != kind_) {
    throw InputError(out_, "holds the run of a " + stored.kind,
                     "to resume it, dermdistill " + std::string(stored.kind == "teacher" ? "teach" : "distill"));
  }
  RunConfig config = stored;
  // Compared when all are made: --method sets weights that a later --weight.ss sets as the run has them.
  for (const auto& [flag, change] : changes_) change(config);
  if (config.backend == "auto") config.backend = stored.backend;
  const std::string difference = first_difference(stored, config);
  if (difference.empty()) return config;
  const auto culprit = std::find_if(changes_.begin(), changes_.end(), [&](const auto& change) {
    RunConfig alone = stored;
    change.second(alone);
    return first_difference(stored, alone) == difference;
  });
  throw InputError(culprit == changes_.end() ? "the command line" : culprit->first,
                   "contradicts the run in " + out_ + " (" + difference + ")",
                   "the run's own value, or none with --resume");
}

}  // namespace dermdistill
