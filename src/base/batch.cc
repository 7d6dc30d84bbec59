#include "base/batch.h"

#include <utility>
#include <vector>

namespace insightd {
namespace {

struct Open {
  int depth = 0;
  std::vector<std::function<void()>> after;
};

Open& OfThread() {
  thread_local Open open;
  return open;
}

}  // namespace

Batch::Batch() { ++OfThread().depth; }

Batch::~Batch() {
  Open& open = OfThread();
  if (--open.depth > 0) return;
  for (const auto& what : std::exchange(open.after, {})) what();
}

void AfterBatch(std::function<void()> what) {
  Open& open = OfThread();
  if (open.depth == 0) {
    what();
  } else {
    open.after.push_back(std::move(what));
  }
}

}  // namespace insightd
