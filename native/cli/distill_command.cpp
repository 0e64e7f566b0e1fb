// dermdistill distill: a student, by cross entropy alone or from a teacher.
#include <memory>
#include <string>
#include <vector>

#include "native/base/interrupt.h"
#include "native/cli/commands.h"
#include "native/cli/run_options.h"
#include "native/train/distill.h"

namespace dermdistill {
namespace {

void add_weight_options(RunOptions& options) {
  const auto weight = [&](const std::string& name, const std::string& what, float LossConfig::*field) {
    options
        .add_change<float>("--weight." + name, "Weight of " + what,
                           [field](RunConfig& c, const float& v) { c.distill.loss.*field = v; })
        ->default_str("the method's")
        ->group("Loss");
  };
  weight("ce", "the class-weighted cross entropy", &LossConfig::ce);
  weight("kd", "the softened class scores of normal views", &LossConfig::kd);
  weight("kd-transformed", "the softened class scores of rotated views", &LossConfig::kd_transformed);
  weight("ss", "the self-supervised similarities", &LossConfig::ss);
  weight("rkd-distance", "the distances between images", &LossConfig::rkd_distance);
  weight("rkd-angle", "the angles between images", &LossConfig::rkd_angle);
  weight("crkd", "the relations of channels", &LossConfig::crkd);
  weight("fitnet", "the feature maps' difference", &LossConfig::fitnet);
  options
      .add<float>("--kd-temperature", "Temperature of the softened class scores",
                  [](RunConfig& c) -> float& { return c.distill.loss.kd_temperature; })
      ->group("Loss");
  options
      .add<float>("--ss-temperature", "Temperature of the similarities",
                  [](RunConfig& c) -> float& { return c.distill.loss.ss_temperature; })
      ->group("Loss");
}

}  // namespace

void add_distill_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("distill", "Train a student (stage 3), by cross entropy alone or from a teacher");
  auto options = std::make_shared<RunOptions>(*command, "student");
  options
      ->add_change<std::vector<std::string>>(
          "--teacher",
          "Run folder of the teacher; given several times, class scores are the mean of all teachers', and the rest is "
          "the first one's",
          [](RunConfig& c, const std::vector<std::string>& v) {
            c.distill.teacher = absolute_path(v.front());
            c.distill.other_teachers.resize(v.size() - 1);  // a resumed run keeps their hashes
            for (std::size_t i = 1; i < v.size(); ++i) c.distill.other_teachers[i - 1].folder = absolute_path(v[i]);
          })
      ->allow_extra_args(false)
      ->type_name("RUN");
  options->add<int>(
      "--teacher-orientations",
      "The teacher's class scores are the mean over so many orientations of a normal view: 1, 2 (with the "
      "half turn), 4 (the quarter turns) or 8 (mirrored as well); rotated views keep their own, which "
      "sskd and ssd-kd compare with them",
      [](RunConfig& c) -> int& { return c.distill.teacher_orientations; });
  // Before the weights, which change what the method sets.
  options
      ->add_change<std::string>("--method", "ce, kd, fitnet, rkd, crkd, d-kd, sskd or ssd-kd",
                                [](RunConfig& c, const std::string& v) {
                                  c.distill.method = parse_method(v);
                                  c.distill.loss = loss_config(c.distill.method);
                                })
      ->default_str("ssd-kd");
  options->add<int>("--stored-transforms", "Random transforms of every image that epochs cycle through",
                    [](RunConfig& c) -> int& { return c.distill.stored_transforms; });
  options
      ->add_change<std::string>("--cache", "Folder of the knowledge cache",
                                [](RunConfig& c, const std::string& v) { c.distill.cache = absolute_path(v); })
      ->type_name("DIR")
      ->default_str("RUN/cache");
  options->add_flag("--online", "Ask the teacher in every step instead of a cache; every epoch has fresh transforms",
                    [](RunConfig& c) { c.distill.online = true; });
  add_weight_options(*options);
  command->footer(
      "Example:\n"
      "  dermdistill distill --data isic2019 --teacher runs/teacher --method ssd-kd --init mobilenet_v2.safetensors "
      "--out runs/student\n"
      "After Ctrl-C, or when the machine was switched off:\n"
      "  dermdistill distill --resume --out runs/student");
  command->callback([options] {
    catch_interrupts();
    RunConfig config = options->resolve();
    if (!options->resume()) {
      // What the user says holds; where the teacher cannot work with it, that is said later.
      const Preprocessing given = config.preprocessing;
      adopt_teacher_size(config);
      if (options->given("--size")) config.preprocessing.size = given.size;
      if (options->given("--resize")) config.preprocessing.rule = given.rule;
      if (options->given("--detail")) config.preprocessing.detail = given.detail;
    }
    distill(config, options->out(), options->resume(), interrupt_requested);
  });
}

}  // namespace dermdistill
