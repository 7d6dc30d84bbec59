// Who asks, from the header x-rh-identity, checked in the order and told in the words of the
// original. Not http/identity.h, which asks the address first: here the header is believed, since
// only a proxy reaches this API when it asks for identities.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "http/message.h"

namespace insightd::api::aggregator {

// The organisation, or 401; 500 where `auth_type` is none that there is.
tl::expected<std::uint32_t, http::Response> OrganizationOfIdentity(std::string_view header,
                                                                   std::string_view auth_type);

}  // namespace insightd::api::aggregator
