#include "native/train/teacher.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/parallel.h"
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

/// Whether a batch with so many views an image, quarter turn by quarter turn, holds this one.
bool is_in_batch(ViewOrientation orientation, int views_each) {
  return !orientation.mirrored && orientation.quarter_turns < views_each;
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

void check_ensemble(const Teacher& teacher, const Teacher& other) {
  if (teacher.sha256 == other.sha256) {
    throw InputError(teacher.name, "is the same teacher as " + other.name, "another one for an ensemble");
  }
  const Preprocessing &ours = teacher.card.preprocessing, &its = other.card.preprocessing;
  if (ours.size != its.size || ours.detail != its.detail) {
    const auto text = [](const Preprocessing& p) {
      return std::to_string(p.size) + " pixels with detail " + std::to_string(p.detail);
    };
    throw InputError(teacher.name, "was trained on images of " + text(ours),
                     text(its) + ", as the ensemble's teacher " + other.name);
  }
}

TeacherPass::TeacherPass(Teacher& teacher, const Backend& backend, int max_rows, int size, int orientations)
    : teacher_(teacher),
      max_rows_(max_rows),
      size_(size),
      pass_(teacher.network, backend, max_rows, size, size),
      shape_(dermdistill::feature_shape(teacher.network.units, size, size)) {
  if (!is_orientation_count(orientations)) {
    throw InputError("orientations of a view", "are " + std::to_string(orientations), "1, 2, 4 or 8");
  }
  orientations_ = std::span(kViewOrientations).first(static_cast<std::size_t>(orientations));
}

/// Asks about the orientations of the normal views that are not among the batch's own views.
void TeacherPass::add_turned(std::span<const float> views, int images, int views_each) {
  std::vector<ViewOrientation> others;
  for (const ViewOrientation orientation : orientations_) {
    if (!is_in_batch(orientation, views_each)) others.push_back(orientation);
  }
  const auto values = views.size() / static_cast<std::size_t>(images * views_each);
  const auto classes = static_cast<std::size_t>(teacher_.network.config.classes);
  // A short batch takes as long as a full one: as many orientations at once as fit.
  const auto at_once = static_cast<std::size_t>(std::max(1, max_rows_ / images));
  for (std::size_t first = 0; first < others.size(); first += at_once) {
    const auto some = std::span(others).subspan(first, std::min(at_once, others.size() - first));
    const auto rows = static_cast<std::int64_t>(some.size()) * images;
    turned_.resize(static_cast<std::size_t>(rows) * values);
    parallel_for(rows, [&](std::int64_t row) {
      const auto image = static_cast<std::size_t>(row % images);
      turn_view(views.subspan(image * static_cast<std::size_t>(views_each) * values, values), size_,
                some[static_cast<std::size_t>(row / images)],
                std::span(turned_).subspan(static_cast<std::size_t>(row) * values, values));
    });
    const std::span<const float> logits = pass_.forward(turned_, static_cast<int>(rows)).logits;
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      double* sum = &sums_[row % static_cast<std::size_t>(images) * classes];
      for (std::size_t c = 0; c < classes; ++c) sum[c] += static_cast<double>(logits[row * classes + c]);
    }
  }
}

/// The batch's logits with the normal views' own replaced by the mean over all orientations. Of log-probabilities the
/// mean would differ by one number a row, which no softmax and no ranking sees: so none of them is normalised.
std::span<const float> TeacherPass::mean_logits(std::span<const float> logits, int images, int views_each) {
  logits_.assign(logits.begin(), logits.end());
  const auto classes = static_cast<std::size_t>(teacher_.network.config.classes);
  const auto count = static_cast<double>(orientations_.size());
  for (int image = 0; image < images; ++image) {
    double* sum = &sums_[static_cast<std::size_t>(image) * classes];
    const std::size_t normal = static_cast<std::size_t>(image) * static_cast<std::size_t>(views_each) * classes;
    for (const ViewOrientation orientation : orientations_) {
      if (!is_in_batch(orientation, views_each)) continue;
      const float* row = &logits[normal + static_cast<std::size_t>(orientation.quarter_turns) * classes];
      for (std::size_t c = 0; c < classes; ++c) sum[c] += static_cast<double>(row[c]);
    }
    for (std::size_t c = 0; c < classes; ++c) logits_[normal + c] = static_cast<float>(sum[c] / count);
  }
  return logits_;
}

TeacherViews TeacherPass::forward(std::span<const float> views, int images, int rows, bool with_projection) {
  const std::size_t values = static_cast<std::size_t>(size_) * static_cast<std::size_t>(size_) * 3;
  if (images < 1 || rows < images || rows % images != 0 || views.size() != static_cast<std::size_t>(rows) * values) {
    throw ShapeError("the teacher's views",
                     std::to_string(views.size()) + " values for " + std::to_string(rows) + " views of " +
                         std::to_string(images) + " images",
                     "equally many views of each image, " + std::to_string(size_) + " x " + std::to_string(size_) +
                         " x 3 values each");
  }
  const int views_each = rows / images;
  sums_.assign(static_cast<std::size_t>(images * teacher_.network.config.classes), 0.0);
  add_turned(views, images, views_each);
  // Last, so that what it leaves of embeddings and maps is the views' own.
  const NetworkOutputs outputs = pass_.forward(views, rows);
  TeacherViews out;
  out.images = images;
  out.classes = teacher_.network.config.classes;
  out.logits = orientations_.size() == 1 ? outputs.logits : mean_logits(outputs.logits, images, views_each);
  out.embedding = outputs.embedding;
  out.features = outputs.features;
  out.height = shape_.height;
  out.width = shape_.width;
  out.channels = shape_.channels;
  if (with_projection && teacher_.head) out.projection = teacher_.head->forward(outputs.embedding);
  return out;
}

}  // namespace dermdistill
