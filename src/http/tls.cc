#include "http/tls.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <utility>

namespace insightd::http {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// The oldest error of this thread, and an empty queue after it.
std::string TakeError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("error {:#x}", code);
}

class Session : public TlsSession {
 public:
  explicit Session(std::unique_ptr<SSL, Free> ssl) : ssl_(std::move(ssl)) {}

  TlsStep Handshake() override {
    ERR_clear_error();
    return Step(SSL_accept(ssl_.get()), 0);
  }

  TlsStep Read(std::span<char> into) override {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
    return Step(outcome, bytes);
  }

  TlsStep Write(std::span<const char> bytes) override {
    if (bytes.empty()) return {};
    ERR_clear_error();
    std::size_t written = 0;
    const int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
    return Step(outcome, written);
  }

  void Shutdown() override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) && !broken_) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  std::string ClientSubject() const override {
    const std::unique_ptr<X509, Free> certificate(SSL_get1_peer_certificate(ssl_.get()));
    if (!certificate || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return "";
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    if (!bio) return "";
    X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

 private:
  TlsStep Step(int outcome, std::size_t bytes) {
    if (outcome == 1) return {TlsNeeds::kNothing, bytes};
    switch (SSL_get_error(ssl_.get(), outcome)) {
      case SSL_ERROR_WANT_READ: return {TlsNeeds::kReadable, 0};
      case SSL_ERROR_WANT_WRITE: return {TlsNeeds::kWritable, 0};
      default:
        broken_ = true;
        ERR_clear_error();
        return {TlsNeeds::kClosed, 0};
    }
  }

  std::unique_ptr<SSL, Free> ssl_;
  bool broken_ = false;
};

class Context : public TlsContext {
 public:
  explicit Context(std::unique_ptr<SSL_CTX, Free> context) : context_(std::move(context)) {}

  std::unique_ptr<TlsSession> Accept(int socket) override {
    std::unique_ptr<SSL, Free> ssl(SSL_new(context_.get()));
    if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
    return std::make_unique<Session>(std::move(ssl));
  }

 private:
  std::unique_ptr<SSL_CTX, Free> context_;
};

// OpenSSL says of a file that cannot be opened no more than a number.
Result<void> CheckReadable(std::string_view setting, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Fail(Code::kInvalid,
                fmt::format("{} {}: {}", setting, path,
                            errno == ENOENT ? "no such file" : std::strerror(errno)));
  }
  std::fclose(file);
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> MakeTlsContext(const TlsFiles& files) {
  const std::string& prefix = files.settings;
  for (const auto& [setting, path] :
       {std::pair("cert_file", &files.cert_file), std::pair("key_file", &files.key_file),
        std::pair("client_ca_file", &files.client_ca_file)}) {
    if (path->empty()) continue;
    if (auto readable = CheckReadable(prefix + setting, *path); !readable) {
      return Fail(readable.error());
    }
  }
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Fail(Code::kInternal, "TLS is not available: " + TakeError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.cert_file.c_str()) != 1) {
    return Fail(Code::kInvalid,
                fmt::format("{}cert_file {}: no certificate in PEM can be read there: {}", prefix,
                            files.cert_file, TakeError()));
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Fail(Code::kInvalid,
                fmt::format("{0}key_file {1}: no key in PEM that belongs to the certificate in "
                            "{0}cert_file can be read there: {2}",
                            prefix, files.key_file, TakeError()));
  }
  if (!files.client_ca_file.empty()) {
    if (SSL_CTX_load_verify_file(context.get(), files.client_ca_file.c_str()) != 1) {
      return Fail(Code::kInvalid, fmt::format("{}client_ca_file {}: no certificate in PEM can "
                                              "be read there: {}",
                                              prefix, files.client_ca_file, TakeError()));
    }
    SSL_CTX_set_client_CA_list(context.get(),
                               SSL_load_client_CA_file(files.client_ca_file.c_str()));
    SSL_CTX_set_verify(
        context.get(),
        SSL_VERIFY_PEER | (files.client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    // A resumed session must not carry a certificate that was checked under another context.
    constexpr unsigned char kSessionContext[] = "insightd";
    SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof(kSessionContext) - 1);
  }
  return std::make_shared<Context>(std::move(context));
}

}  // namespace insightd::http
