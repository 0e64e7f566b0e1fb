#include "core/learn/early_stopping.h"

#include <limits>

#include "core/base/error.h"
#include "core/learn/exact_text.h"

namespace dermdistill {

EarlyStopping::EarlyStopping(int patience) : patience_(patience), best_(-std::numeric_limits<double>::infinity()) {
  if (patience < 0) throw InputError("patience of early stopping", std::to_string(patience), "at least 0");
}

bool EarlyStopping::update(double metric) {
  const bool better = metric > best_;
  if (better) {
    best_ = metric;
    best_epoch_ = epochs_;
    epochs_since_best_ = 0;
  } else {
    ++epochs_since_best_;
  }
  ++epochs_;
  return better;
}

std::string EarlyStopping::state() const {
  return words_to_text("early-stopping", {to_word(best_), static_cast<StateWord>(best_epoch_ + 1),
                                          static_cast<StateWord>(epochs_), static_cast<StateWord>(epochs_since_best_)});
}

void EarlyStopping::load(std::string_view state) {
  const std::vector<StateWord> words = words_from_text(state, "early-stopping", 4);
  best_ = to_double(words[0]);
  best_epoch_ = static_cast<int>(words[1]) - 1;
  epochs_ = static_cast<int>(words[2]);
  epochs_since_best_ = static_cast<int>(words[3]);
}

}  // namespace dermdistill
