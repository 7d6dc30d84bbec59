#include "content/templating/asked_members.h"

#include <utility>

namespace insightd::content::templating {
namespace {

// Names declares it first.
constexpr std::uint32_t kDetailsSlot = 0;

class Finder {
 public:
  void Find(const Parts& parts) {
    for (const Part& part : parts) Find(part);
  }
  std::vector<AskedMember> Take() { return std::move(asked_); }

 private:
  void Find(const Part& part) {
    At(part.offset, part.tag);
    switch (part.kind) {
      case Part::Kind::kText: break;
      case Part::Kind::kValue:
      case Part::Kind::kHtmlValue: FindTests(part.expression); break;
      case Part::Kind::kEach:
      case Part::Kind::kForIn:
      case Part::Kind::kForOf:
      case Part::Kind::kFor:
      case Part::Kind::kIf:
      case Part::Kind::kStatement: FindAll(part.expression); break;
    }
    for (const Assignment& assignment : part.assignments) FindAll(assignment.value);
    for (const Assignment& assignment : part.steps) FindAll(assignment.value);
    for (const Branch& branch : part.branches) {
      At(branch.offset, branch.tag);
      if (branch.has_test) FindAll(branch.test);
      Find(branch.body);
    }
    Find(part.body);
  }

  void At(std::uint32_t offset, const std::string& tag) {
    offset_ = offset;
    tag_ = &tag;
  }

  void FindTests(const Node& node) {
    if (node.kind == Node::Kind::kConditional) FindAll(node.children.front());
    for (const Node& child : node.children) FindTests(child);
  }

  void FindAll(const Node& node) {
    if (node.kind == Node::Kind::kMember) {
      const Node& object = node.children[0];
      const Node& key = node.children[1];
      if (object.kind == Node::Kind::kName && object.slot == kDetailsSlot &&
          key.kind == Node::Kind::kLiteral && key.literal.kind() == Kind::kText) {
        asked_.push_back({offset_, *tag_, key.text});
      }
    }
    for (const Node& child : node.children) FindAll(child);
  }

  std::vector<AskedMember> asked_;
  std::uint32_t offset_ = 0;
  const std::string* tag_ = nullptr;
};

}  // namespace

std::vector<AskedMember> FindAskedMembers(const Parts& parts) {
  Finder finder;
  finder.Find(parts);
  return finder.Take();
}

}  // namespace insightd::content::templating
