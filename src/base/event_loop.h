// The loop of a thread that waits for many descriptors at once, for whoever runs in that thread and
// has a descriptor of its own to wait for: its events come in the same thread, so that no other one
// has to be woken and to hand over what it found.
//
// All calls, and what they call, happen in the loop's thread, and must not hold it up.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/clock.h"

namespace insightd {

class EventLoop {
 public:
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  // That of the calling thread; null where it has none.
  static EventLoop* Current();

  // Behind all that is ready at this moment.
  virtual void Later(std::function<void()> what) = 0;
  // Not before `delay` is over; not at all when the loop ends before.
  virtual void After(milliseconds delay, std::function<void()> what) = 0;
  // Whenever `socket` can be read, or is broken, as long as the watch lives. It may end within
  // `readable`. The socket stays the caller's. Null: the process has no descriptor left.
  virtual std::unique_ptr<Watch> WhenReadable(int socket, std::function<void()> readable) = 0;

  // What `owner` keeps for this loop, empty at first. It goes when the loop ends, in its thread; so
  // the loop has to end before the owner.
  std::shared_ptr<void>& KeptFor(const void* owner) { return kept_[owner]; }

 protected:
  EventLoop() = default;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop() = default;

  // As the first and the last thing in the thread.
  void BeginThread();
  void EndThread();

 private:
  std::map<const void*, std::shared_ptr<void>> kept_;
};

}  // namespace insightd
