#include "native/train/teacher.h"

#include <algorithm>

#include "core/base/error.h"
#include "native/base/sha256.h"
#include "native/base/text.h"
#include "native/train/checkpoint.h"

namespace dermdistill {
namespace {

std::string tensors_sha256(const TensorFile& file) {
  std::vector<const StoredTensor*> tensors;
  for (const StoredTensor& tensor : file.tensors) {
    if (tensor.name.starts_with("model.") || tensor.name.starts_with("head.")) tensors.push_back(&tensor);
  }
  std::sort(tensors.begin(), tensors.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  Sha256 hash;
  for (const StoredTensor* tensor : tensors) hash.add(tensor->name).add(tensor->bytes);
  return hash.finish();
}

}  // namespace

std::filesystem::path teacher_file(const std::filesystem::path& path) {
  std::filesystem::path file = std::filesystem::is_directory(path) ? path / "best.safetensors" : path;
  if (!std::filesystem::exists(file)) {
    throw InputError(path.string(), "holds no trained teacher (there is no " + file.string() + ")",
                     "the run folder of dermdistill teach");
  }
  return file;
}

Teacher load_teacher(const std::filesystem::path& path, const Backend& backend) {
  const std::filesystem::path file = teacher_file(path);
  const Checkpoint checkpoint = read_checkpoint(file);
  Teacher teacher;
  teacher.name = file.string();
  const Network network = network_of(checkpoint, file);
  teacher.network = FoldedNetwork::from(network);
  teacher.card = checkpoint.card;
  teacher.sha256 = tensors_sha256(checkpoint.file);
  if (checkpoint.file.find("head.0.weight") != nullptr) {
    teacher.head.emplace(network.embedding_size(), "head", backend);
    try {
      teacher.head->load(to_state(checkpoint.file));
    } catch (const ShapeError& error) {
      throw ShapeError(file.string() + ": " + error.what());
    }
  }
  return teacher;
}

void check_teacher(const Teacher& teacher, const std::vector<std::string>& classes, const Preprocessing& preprocessing,
                   bool needs_head) {
  if (teacher.card.classes != classes) {
    throw InputError(teacher.name, "knows the classes " + joined(teacher.card.classes),
                     "those of the data, " + joined(classes));
  }
  const Preprocessing& its = teacher.card.preprocessing;
  if (its.mean != preprocessing.mean || its.std != preprocessing.std || its.rule != preprocessing.rule) {
    throw InputError(teacher.name, "was trained on images that were prepared in another way",
                     "the same mean, standard deviation and resize rule");
  }
  if (needs_head && !teacher.head) {
    throw InputError(teacher.name, "has no self-supervision head, which the method needs",
                     "a teacher of a run that finished its head stage (dermdistill teach with --head-epochs above 0)");
  }
}

TeacherPass::TeacherPass(Teacher& teacher, const Backend& backend, int max_rows, int size)
    : teacher_(teacher),
      pass_(teacher.network, backend, max_rows, size, size),
      shape_(dermdistill::feature_shape(teacher.network.units, size, size)) {}

TeacherViews TeacherPass::forward(std::span<const float> views, int images, int rows, bool with_projection) {
  const NetworkOutputs outputs = pass_.forward(views, rows);
  TeacherViews out;
  out.images = images;
  out.classes = teacher_.network.config.classes;
  out.logits = outputs.logits;
  out.embedding = outputs.embedding;
  out.features = outputs.features;
  out.height = shape_.height;
  out.width = shape_.width;
  out.channels = shape_.channels;
  if (with_projection && teacher_.head) out.projection = teacher_.head->forward(outputs.embedding);
  return out;
}

}  // namespace dermdistill
