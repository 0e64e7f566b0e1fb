#include "native/train/run_config.h"

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/image/view_orientation.h"

namespace dermdistill {
namespace {

using nlohmann::json;

json to_json(const StageConfig& stage) {
  return {{"epochs", stage.epochs},
          {"batch", stage.batch},
          {"optimiser",
           {{"kind", to_string(stage.optimiser.kind)},
            {"momentum", stage.optimiser.momentum},
            {"nesterov", stage.optimiser.nesterov},
            {"weight_decay", stage.optimiser.weight_decay},
            {"beta1", stage.optimiser.beta1},
            {"beta2", stage.optimiser.beta2},
            {"epsilon", stage.optimiser.epsilon},
            {"decay_weights_only", stage.optimiser.decay_weights_only}}},
          {"schedule",
           {{"kind", to_string(stage.schedule)},
            {"rate", stage.rate},
            {"final_rate", stage.final_rate},
            {"warmup_epochs", stage.warmup_epochs},
            {"milestones", stage.milestones},
            {"factor", stage.factor},
            {"patience", stage.patience}}},
          {"clip_norm", stage.clip_norm},
          {"early_stop", stage.early_stop}};
}

StageConfig parse_stage(const json& from) {
  StageConfig stage;
  from.at("epochs").get_to(stage.epochs);
  from.at("batch").get_to(stage.batch);
  const json& optimiser = from.at("optimiser");
  stage.optimiser.kind = parse_optimiser(optimiser.at("kind").get<std::string>());
  optimiser.at("momentum").get_to(stage.optimiser.momentum);
  optimiser.at("nesterov").get_to(stage.optimiser.nesterov);
  optimiser.at("weight_decay").get_to(stage.optimiser.weight_decay);
  optimiser.at("beta1").get_to(stage.optimiser.beta1);
  optimiser.at("beta2").get_to(stage.optimiser.beta2);
  optimiser.at("epsilon").get_to(stage.optimiser.epsilon);
  optimiser.at("decay_weights_only").get_to(stage.optimiser.decay_weights_only);
  const json& schedule = from.at("schedule");
  stage.schedule = parse_schedule(schedule.at("kind").get<std::string>());
  schedule.at("rate").get_to(stage.rate);
  schedule.at("final_rate").get_to(stage.final_rate);
  schedule.at("warmup_epochs").get_to(stage.warmup_epochs);
  schedule.at("milestones").get_to(stage.milestones);
  schedule.at("factor").get_to(stage.factor);
  schedule.at("patience").get_to(stage.patience);
  from.at("clip_norm").get_to(stage.clip_norm);
  from.at("early_stop").get_to(stage.early_stop);
  return stage;
}

json to_json(const std::vector<TeacherReference>& teachers) {
  json out = json::array();
  for (const TeacherReference& teacher : teachers)
    out.push_back({{"folder", teacher.folder.string()}, {"sha256", teacher.sha256}});
  return out;
}

std::vector<TeacherReference> parse_teachers(const json& from) {
  std::vector<TeacherReference> teachers;
  for (const json& teacher : from)
    teachers.push_back({teacher.at("folder").get<std::string>(), teacher.at("sha256").get<std::string>()});
  return teachers;
}

json to_json(const LossConfig& loss) {
  return {{"ce", loss.ce},
          {"kd", loss.kd},
          {"kd_transformed", loss.kd_transformed},
          {"ss", loss.ss},
          {"rkd_distance", loss.rkd_distance},
          {"rkd_angle", loss.rkd_angle},
          {"crkd", loss.crkd},
          {"fitnet", loss.fitnet},
          {"kd_temperature", loss.kd_temperature},
          {"ss_temperature", loss.ss_temperature},
          {"keep_transformed", loss.keep_transformed},
          {"keep_similarity", loss.keep_similarity}};
}

LossConfig parse_loss(const json& from) {
  LossConfig loss;
  from.at("ce").get_to(loss.ce);
  from.at("kd").get_to(loss.kd);
  from.at("kd_transformed").get_to(loss.kd_transformed);
  from.at("ss").get_to(loss.ss);
  from.at("rkd_distance").get_to(loss.rkd_distance);
  from.at("rkd_angle").get_to(loss.rkd_angle);
  from.at("crkd").get_to(loss.crkd);
  from.at("fitnet").get_to(loss.fitnet);
  from.at("kd_temperature").get_to(loss.kd_temperature);
  from.at("ss_temperature").get_to(loss.ss_temperature);
  from.at("keep_transformed").get_to(loss.keep_transformed);
  from.at("keep_similarity").get_to(loss.keep_similarity);
  return loss;
}

std::string path_within(std::string path, const std::string& key) {
  if (!path.empty()) path += ".";
  return path += key;
}

std::string first_difference(const json& a, const json& b, const std::string& path) {
  if (!a.is_object() || !b.is_object()) return a == b ? std::string() : path;
  for (const auto& [key, value] : a.items()) {
    std::string inner = path_within(path, key);
    if (!b.contains(key)) return inner;
    std::string difference = first_difference(value, b.at(key), inner);
    if (!difference.empty()) return difference;
  }
  for (const auto& [key, value] : b.items()) {
    if (!a.contains(key)) return path_within(path, key);
  }
  return {};
}

void require(bool holds, const std::string& option, const std::string& problem, const std::string& expected) {
  if (!holds) throw InputError(option, problem, expected);
}

void require_not_negative(double value, const std::string& option) {
  require(value >= 0 && std::isfinite(value), option, "is " + std::to_string(value), "a finite number, 0 or more");
}

void check_loss_config(const LossConfig& loss) {
  const std::pair<const char*, float> weights[] = {
      {"ce", loss.ce},
      {"kd", loss.kd},
      {"kd-transformed", loss.kd_transformed},
      {"ss", loss.ss},
      {"rkd-distance", loss.rkd_distance},
      {"rkd-angle", loss.rkd_angle},
      {"crkd", loss.crkd},
      {"fitnet", loss.fitnet},
  };
  double total = 0;
  for (const auto& [name, weight] : weights) {
    require_not_negative(weight, std::string("--weight.") + name);
    total += weight;
  }
  require(total > 0, "--weight.*", "are all 0, so that there is no loss", "at least one positive weight");
  for (const auto& [name, value] :
       {std::pair("--kd-temperature", loss.kd_temperature), std::pair("--ss-temperature", loss.ss_temperature)}) {
    require(value > 0 && std::isfinite(value), name, "is " + std::to_string(value), "a positive number");
  }
}

void check_mixup(const RunConfig& config) {
  require_not_negative(config.mixup, "--mixup");
  if (config.mixup == 0 || config.kind == "teacher") return;
  const LossConfig& loss = config.distill.loss;
  require(!needs_transformed_views(loss), "--mixup",
          "mixes images, and the loss ranks the teacher's answers by the one class of an image (method " +
              std::string(to_string(config.distill.method)) + ")",
          "0, or a loss without rotated views such as ce, kd or d-kd");
  require(!needs_teacher(loss) || config.distill.online, "--mixup",
          "makes new images in every step, for which a cache has no answers of the teacher", "--online, or 0");
}

void check_stage(const StageConfig& stage, const std::string& prefix) {
  const int fewest = prefix == "--" ? 1 : 0;  // the head's stage may be left out
  require(stage.epochs >= fewest, prefix + "epochs", "is " + std::to_string(stage.epochs),
          std::to_string(fewest) + " or more");
  require(stage.batch >= 2, prefix + "batch", "is " + std::to_string(stage.batch), "2 or more (batch norm needs them)");
  require(stage.rate > 0 && std::isfinite(stage.rate), prefix + "rate", "is " + std::to_string(stage.rate),
          "a positive number");
  require_not_negative(stage.clip_norm, prefix + "clip-norm");
  require_not_negative(stage.final_rate, prefix + "final-rate");
  require_not_negative(stage.optimiser.weight_decay, prefix + "weight-decay");
  require(stage.optimiser.momentum >= 0 && stage.optimiser.momentum < 1, prefix + "momentum",
          "is " + std::to_string(stage.optimiser.momentum), "[0, 1)");
  require(!stage.optimiser.nesterov || (stage.optimiser.kind == OptimiserKind::Sgd && stage.optimiser.momentum > 0),
          prefix + "nesterov", "is for sgd with momentum alone", prefix + "optimiser sgd and a momentum above 0");
  require(stage.factor > 0 && stage.factor <= 1, prefix + "factor", "is " + std::to_string(stage.factor), "(0, 1]");
  require(stage.patience >= 0, prefix + "patience", "is " + std::to_string(stage.patience), "0 or more epochs");
  require(stage.early_stop >= 0, prefix + "early-stop", "is " + std::to_string(stage.early_stop),
          "0 for never, or a number of epochs");
  require(stage.warmup_epochs >= 0 && (stage.warmup_epochs == 0 || stage.warmup_epochs <= stage.epochs),
          prefix + "warmup-epochs", "is " + std::to_string(stage.warmup_epochs), "at most the epochs of the stage");
}

}  // namespace

RunConfig recipe_config(const std::string& kind, const std::string& recipe) {
  RunConfig config;
  config.kind = kind;
  const bool teacher = kind == "teacher";
  config.distill.method = Method::SsdKd;
  config.distill.loss = loss_config(Method::SsdKd);
  config.network.architecture = teacher ? Architecture::ResNet50 : Architecture::MobileNetV2;
  StageConfig& head = config.head.training;
  head.optimiser.weight_decay = 0;
  head.epochs = 60;
  head.rate = 1e-3;
  head.schedule = ScheduleKind::Step;
  head.milestones = {30, 45};
  StageConfig& training = config.training;
  if (recipe == "paper") {
    config.preprocessing.size = 224;
    training.epochs = 150;
    training.batch = teacher ? 128 : 32;
    training.optimiser.kind = OptimiserKind::Sgd;
    training.optimiser.weight_decay = 1e-3;
    training.schedule = ScheduleKind::Plateau;
    training.rate = 1e-3;
    training.early_stop = 15;
    head.optimiser = training.optimiser;
    head.batch = 32;
  } else if (recipe == "laptop") {
    config.preprocessing.size = 112;
    training.optimiser.kind = OptimiserKind::AdamW;
    training.optimiser.weight_decay = 0.02;
    training.optimiser.decay_weights_only = true;
    training.epochs = teacher ? 5 : 10;
    head.optimiser.kind = OptimiserKind::AdamW;
  } else {
    throw InputError("--recipe", "there is none called \"" + recipe + "\"", "laptop or paper");
  }
  return config;
}

json to_json(const RunConfig& config) {
  json out = {{"kind", config.kind},
              {"network",
               {{"architecture", to_string(config.network.architecture)},
                {"width", config.network.width},
                {"classes", config.network.classes}}},
              {"data",
               {{"folder", config.data.folder.string()},
                {"fingerprint", config.data.fingerprint},
                {"split", to_json(config.data.split)},
                {"limit", config.data.limit},
                {"allow_other_split", config.data.allow_other_split},
                {"other_splits", config.data.other_splits}}},
              {"preprocessing",
               {{"size", config.preprocessing.size},
                {"mean", config.preprocessing.mean},
                {"std", config.preprocessing.std},
                {"resize", to_string(config.preprocessing.rule)},
                {"detail", config.preprocessing.detail}}},
              {"augmentation", to_json(config.augment)},
              {"init", {{"weights", config.init}, {"sha256", config.init_sha256}}},
              {"training", to_json(config.training)},
              {"class_weight_power", config.class_weight_power},
              {"label_smoothing", config.label_smoothing},
              {"smoothing_unweighted", config.smoothing_unweighted},
              {"mixup", config.mixup},
              {"average_decay", config.average_decay},
              {"best_by", config.best_by},
              {"seed", config.seed},
              {"threads", config.threads},
              {"backend", config.backend},
              {"save_every", config.save_every}};
  if (config.kind == "teacher") {
    out["head_only"] = config.head_only;
    out["head"] = to_json(config.head.training);
    out["head"]["transforms"] = config.head.transforms;
    out["head"]["images"] = config.head.images;
  } else {
    out["distillation"] = {
        {"method", to_string(config.distill.method)},
        {"loss", to_json(config.distill.loss)},
        {"teacher", {{"folder", config.distill.teacher.string()}, {"sha256", config.distill.teacher_sha256}}},
        {"other_teachers", to_json(config.distill.other_teachers)},
        {"teacher_orientations", config.distill.teacher_orientations},
        {"stored_transforms", config.distill.stored_transforms},
        {"online", config.distill.online},
        {"cache", config.distill.cache.string()}};
  }
  return out;
}

RunConfig parse_run_config(const json& from, const std::string& name) {
  try {
    RunConfig config;
    from.at("kind").get_to(config.kind);
    const json& network = from.at("network");
    config.network.architecture = parse_architecture(network.at("architecture").get<std::string>());
    network.at("width").get_to(config.network.width);
    network.at("classes").get_to(config.network.classes);
    const json& data = from.at("data");
    config.data.folder = data.at("folder").get<std::string>();
    data.at("fingerprint").get_to(config.data.fingerprint);
    config.data.split = split_config_from_json(data.at("split"));
    data.at("limit").get_to(config.data.limit);
    config.data.allow_other_split = data.value("allow_other_split", false);
    config.data.other_splits = data.value("other_splits", json::array());
    const json& preprocessing = from.at("preprocessing");
    preprocessing.at("size").get_to(config.preprocessing.size);
    preprocessing.at("mean").get_to(config.preprocessing.mean);
    preprocessing.at("std").get_to(config.preprocessing.std);
    config.preprocessing.rule = parse_resize_rule(preprocessing.at("resize").get<std::string>());
    config.preprocessing.detail = preprocessing.value("detail", 0);
    config.augment = augment_config_from_json(from.at("augmentation"));
    from.at("init").at("weights").get_to(config.init);
    from.at("init").at("sha256").get_to(config.init_sha256);
    config.training = parse_stage(from.at("training"));
    from.at("class_weight_power").get_to(config.class_weight_power);
    from.at("label_smoothing").get_to(config.label_smoothing);
    config.smoothing_unweighted = from.value("smoothing_unweighted", false);
    config.mixup = from.value("mixup", 0.0);
    from.at("average_decay").get_to(config.average_decay);
    from.at("best_by").get_to(config.best_by);
    from.at("seed").get_to(config.seed);
    from.at("threads").get_to(config.threads);
    from.at("backend").get_to(config.backend);
    from.at("save_every").get_to(config.save_every);
    if (config.kind == "teacher") {
      from.at("head_only").get_to(config.head_only);
      config.head.training = parse_stage(from.at("head"));
      from.at("head").at("transforms").get_to(config.head.transforms);
      from.at("head").at("images").get_to(config.head.images);
    } else {
      const json& distill = from.at("distillation");
      config.distill.method = parse_method(distill.at("method").get<std::string>());
      config.distill.loss = parse_loss(distill.at("loss"));
      config.distill.teacher = distill.at("teacher").at("folder").get<std::string>();
      distill.at("teacher").at("sha256").get_to(config.distill.teacher_sha256);
      config.distill.other_teachers = parse_teachers(distill.value("other_teachers", json::array()));
      config.distill.teacher_orientations = distill.value("teacher_orientations", 1);
      distill.at("stored_transforms").get_to(config.distill.stored_transforms);
      distill.at("online").get_to(config.distill.online);
      config.distill.cache = distill.at("cache").get<std::string>();
    }
    return config;
  } catch (const json::exception& error) {
    throw FormatError(name, std::string("is not the configuration of a run (") + error.what() + ")");
  }
}

std::string first_difference(const RunConfig& a, const RunConfig& b) {
  json left = to_json(a), right = to_json(b);
  for (json* side : {&left, &right}) {
    (*side)["data"].erase("folder");
    (*side)["init"].erase("weights");
    if (side->contains("distillation")) {
      (*side)["distillation"]["teacher"].erase("folder");
      for (json& teacher : (*side)["distillation"]["other_teachers"]) teacher.erase("folder");
      (*side)["distillation"].erase("cache");
    }
  }
  return first_difference(left, right, "");
}

void check_config(const RunConfig& config) {
  check_stage(config.training, "--");
  require(config.preprocessing.size >= 32 && config.preprocessing.size <= 2048, "--size",
          "is " + std::to_string(config.preprocessing.size), "32 to 2048");
  require(
      config.preprocessing.detail == 0 || (config.preprocessing.detail >= 32 && config.preprocessing.detail <= 4096),
      "--detail", "is " + std::to_string(config.preprocessing.detail), "32 to 4096, or 0 for all there is");
  require_not_negative(config.class_weight_power, "--class-weight-power");
  require(config.label_smoothing >= 0 && config.label_smoothing < 1, "--label-smoothing", "is out of range", "[0, 1)");
  require(!config.smoothing_unweighted || config.label_smoothing > 0, "--smoothing-unweighted", "has nothing to spread",
          "--label-smoothing above 0");
  check_mixup(config);
  require(config.average_decay >= 0 && config.average_decay < 1, "--ema", "is out of range", "[0, 1)");
  require(config.best_by == "balanced_accuracy" || config.best_by == "accuracy", "--best-by",
          "is \"" + config.best_by + "\"", "balanced_accuracy or accuracy");
  require(config.threads >= 1, "--threads", "is " + std::to_string(config.threads), "1 or more");
  require(config.data.limit >= 0, "--limit", "is negative", "0 for all images, or how many");
  require(config.save_every >= 0, "--save-every", "is negative", "0, or a number of steps");
  if (config.kind == "teacher") {
    check_stage(config.head.training, "--head-");
    require(config.head.transforms >= 1, "--head-transforms", "is below 1", "1 or more");
  } else {
    check_loss_config(config.distill.loss);
    require(is_orientation_count(config.distill.teacher_orientations), "--teacher-orientations",
            "is " + std::to_string(config.distill.teacher_orientations), "1, 2, 4 or 8");
    require(config.distill.stored_transforms >= 1, "--stored-transforms", "is below 1", "1 or more");
    require(
        needs_teacher(config.distill.loss) ? !config.distill.teacher.empty() : true, "--teacher", "is missing",
        "the run folder of a teacher, which the method " + std::string(to_string(config.distill.method)) + " needs");
  }
}

}  // namespace dermdistill
