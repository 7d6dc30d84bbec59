// Keys for pack files, from the PEM files that settings and commands name. Each message names the
// file.
#pragma once

#include <string>

#include "base/result.h"
#include "rules/signature.h"

namespace insightd::app {

// kUnavailable when the file cannot be read, kInvalid when it holds no such key.
Result<rules::PublicKey> ReadPublicKey(const std::string& path);
Result<rules::PrivateKey> ReadPrivateKey(const std::string& path);

}  // namespace insightd::app
