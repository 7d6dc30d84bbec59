// Room for texts that are read one after the other and are kept together: one allocation for many.
//
// Views that it gives live as long as it does. One thread at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <string_view>

namespace insightd::store {

class KeptTexts {
 public:
  std::string_view Keep(std::string_view text) {
    if (text.empty()) return {};
    char* const place = static_cast<char*>(memory_.allocate(text.size(), /*alignment=*/1));
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

 private:
  static constexpr std::size_t kFirstBytes =
      4096;  // of the first allocation; later ones are larger
  std::pmr::monotonic_buffer_resource memory_{kFirstBytes};
};

}  // namespace insightd::store
