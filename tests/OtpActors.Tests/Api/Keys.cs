using System.Security.Cryptography;
using System.Text;
using OtpActors.Api;
using OtpActors.Hosting;

namespace OtpActors.Tests.Api;

/// <summary>Callers of each kind.</summary>
internal static class Keys
{
    public const string Reader = "otp_reader";
    public const string Operator = "otp_operator";
    public const string Auditor = "otp_auditor";
    public const string Revealer = "otp_revealer";

    public static void Set(OtpActorsOptions options) => options.Http.ApiKeys.AddRange(
    [
        Key(nameof(Reader), Reader, ApiScope.Read),
        Key(nameof(Operator), Operator, ApiScope.Operate),
        Key(nameof(Auditor), Auditor, ApiScope.Read, ApiScope.Reveal),
        Key(nameof(Revealer), Revealer, ApiScope.Reveal),
    ]);

    private static ApiKeyOptions Key(string name, string key, params ApiScope[] scopes) => new()
    {
        Name = name.ToLowerInvariant(),
        Sha256 = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key))),
        Scopes = [.. scopes],
    };
}
