#include "base/event_loop.h"

namespace insightd {
namespace {

EventLoop*& OfThread() {
  thread_local EventLoop* loop = nullptr;
  return loop;
}

}  // namespace

EventLoop* EventLoop::Current() { return OfThread(); }

void EventLoop::BeginThread() { OfThread() = this; }

void EventLoop::EndThread() {
  kept_.clear();
  OfThread() = nullptr;
}

}  // namespace insightd
