// The writer of one process of an installation, beside those of others for the same messages: it
// waits until the duty is its own, and works for as long as it is. What app/parts/duty.h does in
// threads, in steps.
//
// A writer that has lost its duty notices it behind its next step, and works beside its successor
// until then. On servers the calls of such a one are refused (store/store.h); here they are not.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/store.h"
#include "writer/writer.h"

namespace insightd::simulation {

class WriterOnDuty {
 public:
  // What is given outlives it.
  WriterOnDuty(writer::Doors doors, store::Store& store, writer::Messages messages)
      : doors_(doors), store_(store), messages_(messages) {}

  // False when there was nothing to do, or the duty is not to be had now.
  Result<bool> Step();
  // The connection that holds the duty breaks: another one may take it. False when it had none.
  bool LoseDuty();
  bool has_duty() const { return lease_ != nullptr && lease_->held(); }

 private:
  Result<void> Begin();

  writer::Doors doors_;
  store::Store& store_;
  writer::Messages messages_;
  std::unique_ptr<store::Lease> lease_;     // none beside a writer: lost, and not noticed yet
  std::unique_ptr<writer::Writer> writer_;  // goes before the lease
};

}  // namespace insightd::simulation
