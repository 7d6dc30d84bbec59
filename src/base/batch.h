// For who answers many at once: what each answer would set off by itself, such as waking the thread
// that waits for it, is put off until all of them are given. A thread that is woken for the first
// answer takes the core from the one that is still giving them, and goes to sleep again before the
// second.
//
//   {
//     const Batch batch;
//     for (auto& one : asked) one.done(Answer(one));   // AfterBatch(wake) somewhere below
//   }                                                  // wakes
//
// Both are of the calling thread alone.
#pragma once

#include <functional>

namespace insightd {

class Batch {
 public:
  Batch();
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
};

// At the end of this thread's outermost Batch, in the order of the calls; at once where there is
// none. It must not throw.
void AfterBatch(std::function<void()> what);

}  // namespace insightd
