// Stops a run whose validation metric no longer rises, and remembers the best epoch.
#pragma once

#include <string>
#include <string_view>

namespace dermdistill {

class EarlyStopping {
 public:
  /// Stops after `patience` epochs in a row without improvement; 0 never stops. @throws InputError if negative.
  explicit EarlyStopping(int patience);

  /// Takes the epoch's metric (higher is better); true when it is the best so far. NaN is never an improvement.
  bool update(double metric);
  bool should_stop() const { return patience_ > 0 && epochs_since_best_ >= patience_; }

  double best() const { return best_; }           // minus infinity before the first improvement
  int best_epoch() const { return best_epoch_; }  // counted from 0; -1 before the first improvement
  int epochs() const { return epochs_; }

  /// As text that restores the same bits.
  std::string state() const;
  /// @throws FormatError for text that is not an early stopping's state.
  void load(std::string_view state);

 private:
  int patience_;
  double best_;
  int best_epoch_ = -1;
  int epochs_ = 0;
  int epochs_since_best_ = 0;
};

}  // namespace dermdistill
