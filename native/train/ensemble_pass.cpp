#include "native/train/ensemble_pass.h"

#include "core/base/error.h"

namespace dermdistill {

EnsemblePass::EnsemblePass(std::span<Teacher> teachers, const Backend& backend, int max_rows, int size,
                           int orientations) {
  if (teachers.empty()) throw InputError("an ensemble", "has no teachers", "one or more");
  passes_.reserve(teachers.size());
  for (Teacher& teacher : teachers) passes_.emplace_back(teacher, backend, max_rows, size, orientations);
}

TeacherViews EnsemblePass::forward(std::span<const float> views, int images, int rows, bool with_projection) {
  TeacherViews out = passes_.front().forward(views, images, rows, with_projection);
  if (passes_.size() == 1) return out;
  sums_.assign(out.logits.begin(), out.logits.end());
  for (TeacherPass& pass : std::span(passes_).subspan(1)) {
    const std::span<const float> logits = pass.forward(views, images, rows, false).logits;
    if (logits.size() != sums_.size()) {
      throw ShapeError("an ensemble's teacher", std::to_string(logits.size()) + " logits",
                       std::to_string(sums_.size()) + " as the first");
    }
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += static_cast<double>(logits[i]);
  }
  logits_.resize(sums_.size());
  const auto count = static_cast<double>(passes_.size());
  for (std::size_t i = 0; i < sums_.size(); ++i) logits_[i] = static_cast<float>(sums_[i] / count);
  out.logits = logits_;
  return out;
}

}  // namespace dermdistill
