#include "native/train/checkpoint.h"

#include <utility>

#include "core/base/error.h"
#include "native/base/files.h"

namespace dermdistill {
namespace {

using nlohmann::json;

json progress_json(const RunProgress& progress) {
  return {{"stage", progress.stage},
          {"epoch", progress.epoch},
          {"step", progress.step},
          {"finished", progress.finished},
          {"sums", progress.sums},
          {"schedule", progress.schedule},
          {"stopping", progress.stopping},
          {"best_metric", progress.best_metric},
          {"best_epoch", progress.best_epoch}};
}

RunProgress parse_progress(const json& from) {
  RunProgress progress;
  progress.stage = from.at("stage").get<std::string>();
  progress.epoch = from.at("epoch").get<int>();
  progress.step = from.at("step").get<int>();
  progress.finished = from.at("finished").get<bool>();
  progress.sums = from.at("sums");
  progress.schedule = from.at("schedule").get<std::string>();
  progress.stopping = from.at("stopping").get<std::string>();
  progress.best_metric = from.at("best_metric").get<double>();
  progress.best_epoch = from.at("best_epoch").get<int>();
  return progress;
}

const std::string& metadata_of(const TensorFile& file, const std::string& key, const std::filesystem::path& path) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw FormatError(path.string(), "has no metadata entry \"" + key + "\"", "a checkpoint written by dermdistill");
  }
  return found->second;
}

/// An exception of the same type whose message begins with the file's name.
template <typename Exception>
[[noreturn]] void rethrow_named(const std::filesystem::path& name, const Exception& error) {
  throw Exception(name.string() + ": " + error.what());
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, Checkpoint checkpoint) {
  auto& metadata = checkpoint.file.metadata;
  metadata["format"] = "dermdistill-checkpoint";
  metadata["format_version"] = std::to_string(kCheckpointVersion);
  metadata["kind"] = checkpoint.kind;
  metadata["card"] = to_json_text(checkpoint.card);
  metadata["network"] = json{{"architecture", to_string(checkpoint.network.architecture)},
                             {"width", checkpoint.network.width},
                             {"classes", checkpoint.network.classes}}
                            .dump();
  metadata["progress"] = progress_json(checkpoint.progress).dump();
  write_file(path, serialise_safetensors(checkpoint.file));
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  Checkpoint checkpoint;
  checkpoint.file = parse_safetensors(read_file(path), path.string());
  if (metadata_of(checkpoint.file, "format", path) != "dermdistill-checkpoint") {
    throw FormatError(path.string(), "is not a checkpoint of dermdistill", "a file from a run folder");
  }
  const std::string& version = metadata_of(checkpoint.file, "format_version", path);
  if (version != std::to_string(kCheckpointVersion)) {
    throw FormatError(path.string(), "has format version " + version, std::to_string(kCheckpointVersion));
  }
  checkpoint.kind = metadata_of(checkpoint.file, "kind", path);
  checkpoint.card = parse_model_card(metadata_of(checkpoint.file, "card", path), path.string());
  try {
    const json network = json::parse(metadata_of(checkpoint.file, "network", path));
    checkpoint.network.architecture = parse_architecture(network.at("architecture").get<std::string>());
    checkpoint.network.width = network.at("width").get<double>();
    checkpoint.network.classes = network.at("classes").get<int>();
    checkpoint.progress = parse_progress(json::parse(metadata_of(checkpoint.file, "progress", path)));
  } catch (const json::exception& error) {
    throw FormatError(path.string(), std::string("has damaged metadata (") + error.what() + ")");
  }
  return checkpoint;
}

Network network_of(const Checkpoint& checkpoint, const std::filesystem::path& name) {
  Network network = [&] {
    try {
      return Network(checkpoint.network);
    } catch (const InputError& error) {
      rethrow_named(name, error);
    }
  }();
  load_named(network, to_state(checkpoint.file, "model."), name);
  return network;
}

void load_named(Network& network, const StateDict& state, const std::filesystem::path& name,
                const LoadOptions& options) {
  try {
    network.load(state, options);
  } catch (const ShapeError& error) {
    rethrow_named(name, error);
  } catch (const NumericError& error) {
    rethrow_named(name, error);
  }
}

ModelCard base_card(const NetworkConfig& network, const std::vector<std::string>& classes,
                    const Preprocessing& preprocessing, const std::string& name) {
  ModelCard card;
  card.name = name;
  card.architecture = to_string(network.architecture);
  card.width = network.width;
  card.classes = classes;
  for (const std::string& code : classes) card.class_names.push_back(full_class_name(code));
  card.preprocessing = preprocessing;
  return card;
}

}  // namespace dermdistill
