#include "native/train/initial_weights.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/io/safetensors.h"
#include "core/nn/batch_norm_unfolding.h"
#include "core/nn/filter_scale.h"
#include "native/base/files.h"
#include "native/base/sha256.h"
#include "native/data/picture_batch.h"
#include "native/train/checkpoint.h"
#include "native/train/model_file.h"

namespace dermdistill {
namespace {

void randomise(Network& network, std::uint64_t seed) {
  constexpr std::uint64_t kNetworkStream = 1;
  Random random(seed, kNetworkStream);
  network.initialise(random);
}

}  // namespace

std::filesystem::path initial_file(const std::string& init) {
  const std::filesystem::path path = init;
  return std::filesystem::is_directory(path) ? path / "best.safetensors" : path;
}

InitialWeights load_initial_weights(Network& network, const std::string& init, std::uint64_t seed) {
  randomise(network, seed);
  InitialWeights out;
  if (init == kRandomInit) return out;
  const std::filesystem::path path = initial_file(init);
  if (!std::filesystem::exists(path)) {
    throw InputError("--init " + init, "there is no such file",
                     "a .safetensors file of weights, a run folder, a student.onnx, or the word random");
  }
  const std::vector<std::byte> bytes = read_file(path);
  const TensorFile file = parse_safetensors(bytes, path.string());
  const bool ours = std::any_of(file.tensors.begin(), file.tensors.end(),
                                [](const StoredTensor& tensor) { return tensor.name.starts_with("model."); });
  load_named(network, to_state(file, ours ? "model." : ""), path, LoadOptions{.replace_classifier = true});
  out.sha256 = sha256(bytes);
  if (ours) {  // another run's: what it owes to its own origins holds on
    out.card = read_checkpoint(path).card;
    out.notices = out.card->notices;
    return out;
  }
  StateDict state = network.state();
  limit_filter_norms(state, network.units());
  network.load(state);
  nlohmann::json notice = nlohmann::json::object();
  for (const char* key : {"source", "license"}) {
    const auto found = file.metadata.find(key);
    if (found != file.metadata.end()) notice[key] = found->second;
  }
  if (!notice.empty()) out.notices.push_back({{"initial weights", notice}});
  return out;
}

bool is_exported_model(const std::string& init) { return std::filesystem::path(init).extension() == ".onnx"; }

InitialWeights load_exported_weights(Network& network, const std::string& init, std::uint64_t seed,
                                     std::span<const std::filesystem::path> images, const Preprocessing& preprocessing,
                                     const Backend& backend) {
  randomise(network, seed);
  const LoadedModel model = load_model(init);
  const NetworkConfig &its = model.network.config, &wanted = network.config();
  if (its.architecture != wanted.architecture || its.width != wanted.width) {
    throw ShapeError("--init " + init,
                     "is a " + std::string(to_string(its.architecture)) + " of width " + std::to_string(its.width),
                     std::string(to_string(wanted.architecture)) + " of width " + std::to_string(wanted.width));
  }
  const PictureBatch batch = read_pictures(images, preprocessing);
  for (const std::string& error : batch.errors) {
    if (!error.empty()) throw FileError(error);
  }
  const Network unfolded = unfold_batch_norm(model.network, backend, batch.pixels, static_cast<int>(images.size()),
                                             preprocessing.size, preprocessing.size);
  StateDict state = unfolded.state();
  limit_filter_norms(state, network.units());
  network.load(state, LoadOptions{.replace_classifier = true});
  InitialWeights out;
  out.sha256 = sha256(read_file(init));
  out.card = model.card;
  out.notices = model.card.notices;
  return out;
}

}  // namespace dermdistill
