// Writes the parts of a template with the values that an evaluator gives.
#pragma once

#include <cstddef>
#include <string>

#include "content/templating/ast.h"
#include "content/templating/evaluator.h"
#include "content/templating/value.h"

namespace insightd::content::templating {

// For one rendering, one thread.
class Writer {
 public:
  explicit Writer(Evaluator& evaluator) : evaluator_(evaluator) {}

  // Ends early when the evaluator has failed; then offset() and tag() tell where.
  void Write(const Parts& parts);

  TextBuilder& out() { return out_; }
  // Of the tag that is being written.
  std::size_t offset() const { return offset_; }
  std::string tag() const { return tag_ == nullptr ? std::string() : *tag_; }

 private:
  void WritePart(const Part& part);
  void WriteValue(const Part& part);
  void WriteHtml(const Part& part);
  void WriteIf(const Part& part);
  void WriteEach(const Part& part);
  void WriteKeys(const Part& part);
  void WriteFor(const Part& part);
  Value Evaluate(std::size_t offset, const std::string& tag, const Node& node);
  // The tag that is to blame for what follows.
  void At(std::size_t offset, const std::string& tag);

  Evaluator& evaluator_;
  TextBuilder out_;
  std::size_t offset_ = 0;
  const std::string* tag_ = nullptr;
};

}  // namespace insightd::content::templating
