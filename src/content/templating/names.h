// The variables of one template, as JavaScript's `var` has them: one place each for the whole text,
// wherever it is declared. Parameters of arrow functions hide them inside the function.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::content::templating {

class Names {
 public:
  Names() { Declare("pydata"); }

  // The place of a variable that is declared here, or was before.
  std::uint32_t Declare(std::string_view name);
  // The place of a name that is used, which may be declared further down (in a loop it is assigned
  // before it is used). `where` is what Unknown() tells when it never is.
  std::uint32_t Use(std::string_view name, std::size_t where);
  // Between the two, `names` are parameters with places of their own, which are given back.
  std::vector<std::uint32_t> OpenScope(const std::vector<std::string>& names);
  void CloseScope() { scopes_.pop_back(); }

  std::uint32_t size() const { return size_; }

  struct UnknownName {
    std::string name;  // empty: all are declared
    std::size_t where = 0;
    std::string nearest;  // that may have been meant; may be empty
  };
  UnknownName Unknown() const;

 private:
  struct Variable {
    std::uint32_t slot = 0;
    bool is_declared = false;
    std::size_t where = 0;
  };
  std::map<std::string, Variable, std::less<>> variables_;
  std::vector<std::map<std::string, std::uint32_t, std::less<>>> scopes_;
  std::uint32_t size_ = 0;
};

}  // namespace insightd::content::templating
