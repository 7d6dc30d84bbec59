#include "http/tls.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <filesystem>

#include "http/client.h"
#include "http/server.h"
#include "http/testing/raw_client.h"

namespace insightd::http {
namespace {

// A certificate made on the spot, for 127.0.0.1, signed by itself or by `issuer`.
struct Certificate {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();

  Certificate(const char* common_name, const char* organization, const Certificate* issuer) {
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* name = X509_get_subject_name(x509);
    const auto add = [&](const char* field, const char* text) {
      X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
    };
    add("O", organization);
    add("CN", common_name);
    X509_set_issuer_name(x509, issuer == nullptr ? name : X509_get_subject_name(issuer->x509));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer == nullptr ? x509 : issuer->x509, x509, nullptr, nullptr, 0);
    for (const auto& [nid, text] :
         {std::pair{NID_basic_constraints, issuer == nullptr ? "CA:TRUE" : "CA:FALSE"},
          std::pair{NID_subject_alt_name, "IP:127.0.0.1"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, text);
      X509_add_ext(x509, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(x509, issuer == nullptr ? key : issuer->key, EVP_sha256());
  }
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
};

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    char folder[] = "/tmp/insightd_tls_XXXXXX";
    folder_ = ::mkdtemp(folder);
    cert_file_ = Write("server.crt", ca_.x509, nullptr);
    key_file_ = Write("server.key", nullptr, ca_.key);
    router_.Add(Method::kGet, "/who", [](const Request& request) {
      return TextResponse(200, request.client_subject + (request.tls ? " by TLS" : ""));
    });
    router_.Add(
        Method::kPost, "/echo",
        [](const Request& request) { return TextResponse(200, request.body); },
        std::uint64_t{4} << 20);
  }
  ~TlsTest() override {
    if (server_) server_->Stop(milliseconds(100));
    std::filesystem::remove_all(folder_);
  }

  std::string Write(const char* name, X509* x509, EVP_PKEY* key) const {
    const std::string path = folder_ + "/" + name;
    FILE* file = std::fopen(path.c_str(), "w");
    if (x509 != nullptr) PEM_write_X509(file, x509);
    if (key != nullptr) PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    return path;
  }

  void Start(const std::string& client_ca_file, bool client_required = false) {
    auto tls = MakeTlsContext({.cert_file = cert_file_,
                               .key_file = key_file_,
                               .client_ca_file = client_ca_file,
                               .client_required = client_required});
    ASSERT_TRUE(tls) << tls.error().message();
    server_ = Server::Create({.head_time_max = milliseconds(2000)});
    const auto port = server_->Listen(
        {.setting = "http.address", .address = "127.0.0.1:0", .router = &router_, .tls = *tls});
    ASSERT_TRUE(port);
    port_ = *port;
    server_->Run();
  }

  // A TLS client on OpenSSL's own blocking connection.
  struct Client {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    BIO* bio = nullptr;

    explicit Client(std::uint16_t port, const Certificate* certificate = nullptr) {
      if (certificate != nullptr) {
        SSL_CTX_use_certificate(context, certificate->x509);
        SSL_CTX_use_PrivateKey(context, certificate->key);
      }
      bio = BIO_new_ssl_connect(context);
      BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(port)).c_str());
    }
    ~Client() {
      BIO_free_all(bio);
      SSL_CTX_free(context);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    std::string Ask(const std::string& request) const {
      if (BIO_do_connect(bio) != 1) return "no connection";
      for (std::size_t at = 0; at < request.size();) {
        const int sent = BIO_write(bio, request.data() + at, static_cast<int>(request.size() - at));
        if (sent <= 0) return "no answer";
        at += static_cast<std::size_t>(sent);
      }
      std::string answer;
      char chunk[16384];
      for (int got; (got = BIO_read(bio, chunk, sizeof(chunk))) > 0;) {
        answer.append(chunk, static_cast<std::size_t>(got));
      }
      return answer;
    }
  };

  Certificate ca_{"127.0.0.1", "authority", nullptr};
  std::string folder_;
  std::string cert_file_;
  std::string key_file_;
  Router router_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

constexpr char kWho[] = "GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(TlsTest, AnswersAClientThatChecksTheCertificate) {
  Start("");
  const auto text = GetText("https://127.0.0.1:" + std::to_string(port_) + "/who",
                            {.hosts = {"127.0.0.1"}, .ca_file = cert_file_});
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, " by TLS");
}

TEST_F(TlsTest, CarriesLargeBodiesBothWays) {
  Start("");
  const std::string body(std::size_t{3} << 20, 'x');
  const std::string answer =
      Client(port_).Ask("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, body.size());
}

TEST_F(TlsTest, TellsTheSubjectOfACheckedClient) {
  Start(cert_file_);
  const Certificate client("34c3ecc5-624a-49a5-bab8-4fdc5e51a266", "7", &ca_);
  EXPECT_NE(
      Client(port_, &client).Ask(kWho).find("CN=34c3ecc5-624a-49a5-bab8-4fdc5e51a266,O=7 by TLS"),
      std::string::npos);
}

TEST_F(TlsTest, TakesAClientWithoutCertificateAndRefusesAForeignOne) {
  Start(cert_file_);
  EXPECT_NE(Client(port_).Ask(kWho).find("\r\n\r\n by TLS"), std::string::npos);
  const Certificate foreign("somebody", "x", nullptr);
  EXPECT_EQ(Client(port_, &foreign).Ask(kWho).find("200"), std::string::npos);
}

TEST_F(TlsTest, WhereACertificateIsRequiredOneWithoutItGetsNoAnswer) {
  Start(cert_file_, /*client_required=*/true);
  EXPECT_EQ(Client(port_).Ask(kWho).find("200"), std::string::npos);
  const Certificate client("proxy", "us", &ca_);
  EXPECT_NE(Client(port_, &client).Ask(kWho).find("CN=proxy,O=us by TLS"), std::string::npos);
}

TEST_F(TlsTest, EndsAClientThatSpeaksNoTls) {
  Start("");
  http::testing::RawClient client(port_);
  client.Send(kWho);
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(TlsTest, NamesTheFileThatCannotBeUsed) {
  const auto fails = [&](const std::string& cert, const std::string& key, const std::string& ca) {
    const auto tls = MakeTlsContext({.cert_file = cert, .key_file = key, .client_ca_file = ca});
    return tls ? "" : tls.error().message();
  };
  EXPECT_EQ(fails("/nowhere", key_file_, ""), "http.cert_file /nowhere: no such file");
  EXPECT_EQ(fails(cert_file_, "/nowhere", ""), "http.key_file /nowhere: no such file");
  const auto of_another = MakeTlsContext({.cert_file = "/nowhere",
                                          .key_file = key_file_,
                                          .client_ca_file = "",
                                          .settings = "http.aggregator_"});
  EXPECT_EQ(of_another.error().message(), "http.aggregator_cert_file /nowhere: no such file");
  EXPECT_NE(fails(cert_file_, cert_file_, "").find("http.key_file"), std::string::npos);
  EXPECT_NE(fails(cert_file_, key_file_, key_file_).find("http.client_ca_file"), std::string::npos);
  const Certificate other("x", "y", nullptr);
  EXPECT_NE(fails(cert_file_, Write("other.key", nullptr, other.key), "").find("http.key_file"),
            std::string::npos);
}

}  // namespace
}  // namespace insightd::http
