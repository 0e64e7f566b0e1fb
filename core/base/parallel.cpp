#include "core/base/parallel.h"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace dermdistill {
namespace {
int configured_threads = 0;  // 0: not set yet, take OpenMP's own default
}

void set_thread_count(int threads) {
  configured_threads = std::max(1, threads);
#ifdef _OPENMP
  omp_set_num_threads(configured_threads);
#endif
}

int thread_count() {
#ifdef _OPENMP
  return configured_threads > 0 ? configured_threads : omp_get_max_threads();
#else
  return 1;
#endif
}

}  // namespace dermdistill
