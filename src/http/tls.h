// TLS for the server's sockets: OpenSSL on a socket that does not block, as a small state machine.
//
// The caller waits for the socket as it is told and calls again; nothing here waits. Buffers of a
// connection that is idle are given back (some 2 KiB stay).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace insightd::http {

struct TlsFiles {
  std::string cert_file;         // PEM: the certificate, then those above it
  std::string key_file;          // PEM
  std::string client_ca_file;    // PEM; where set, clients may show a certificate and it is checked
  bool client_required = false;  // with client_ca_file: who shows none gets no connection
  std::string settings = "http.";  // what stands before the names above in messages
};

// What the socket has to become before the call is made again.
enum class TlsNeeds : std::uint8_t {
  kNothing,  // done; see `bytes`
  kReadable,
  kWritable,
  kClosed  // by the other side or by an error: the connection is over
};

struct TlsStep {
  TlsNeeds needs = TlsNeeds::kNothing;
  std::size_t bytes = 0;
};

// One thread at a time.
class TlsSession {
 public:
  virtual ~TlsSession() = default;
  virtual TlsStep Handshake() = 0;
  virtual TlsStep Read(std::span<char> into) = 0;
  // A call that is made again must have the same bytes at its front.
  virtual TlsStep Write(std::span<const char> bytes) = 0;
  // Says goodbye, without waiting for the other side to do so.
  virtual void Shutdown() = 0;
  // RFC 2253; empty when the client showed no certificate. After the handshake.
  virtual std::string ClientSubject() const = 0;
};

// Thread-safe.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  virtual std::unique_ptr<TlsSession> Accept(int socket) = 0;
};

// TLS 1.2 and newer. Fails with kInvalid and names the file that cannot be used and why.
Result<std::shared_ptr<TlsContext>> MakeTlsContext(const TlsFiles& files);

}  // namespace insightd::http
