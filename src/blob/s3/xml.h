// Reads the few elements that S3 answers with, out of a document that need not be whole or good.
//
// No schema, no entities but the five of XML and numbers, no document types. A view into the
// document lives as long as the document. One thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::blob::s3 {

class XmlScanner {
 public:
  enum class Event { kStart, kEnd, kDone, kBroken };

  // Elements that lie within each other; more is kBroken.
  static constexpr std::size_t kDepthMax = 16;

  explicit XmlScanner(std::string_view document) : left_(document) {}

  // The next start or end of an element. kDone: the document's own element has ended. kBroken: the
  // document is cut or no XML; stays so.
  Event Next();
  // Of the element that has just started or ended, without a prefix: "Key".
  std::string_view name() const { return name_; }
  // What stood between the last start and this end, decoded. For elements without elements.
  const std::string& text() const { return text_; }
  // Elements that are open, the one that has just started among them.
  std::size_t depth() const { return open_.size(); }

 private:
  Event Broken();
  bool TakeTag();
  bool SkipTo(std::string_view end);

  std::string_view left_;
  std::vector<std::string_view> open_;
  std::string_view name_;
  std::string text_;
  bool ends_at_once_ = false;
  bool broken_ = false;
};

// The text of the first element of that name, wherever it stands; empty when there is none.
std::string XmlText(std::string_view document, std::string_view name);

}  // namespace insightd::blob::s3
