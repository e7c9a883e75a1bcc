using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace OtpActors.Cql;

/// <summary>TLS. The server's certificate must be trusted and name the host that was connected to.</summary>
public sealed record SslOptions
{
    /// <summary>Authorities that are trusted instead of the system's; null for the system's.</summary>
    public X509Certificate2Collection? TrustedAuthorities { get; init; }

    /// <summary>What the client shows where the server asks for it.</summary>
    public X509CertificateCollection? ClientCertificates { get; init; }

    /// <summary>The name that certificates must carry; null for each host's own address.</summary>
    public string? TargetHost { get; init; }

    /// <summary>Whether the certificate must name the host. Default true.</summary>
    public bool CheckHostName { get; init; } = true;

    /// <summary>Default: what the system allows.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.None;

    internal SslClientAuthenticationOptions ForHost(string host) => new()
    {
        TargetHost = TargetHost ?? host,
        ClientCertificates = ClientCertificates,
        EnabledSslProtocols = Protocols,
        CertificateChainPolicy = ChainPolicy(),
        RemoteCertificateValidationCallback = (_, _, _, errors) =>
            (errors & ~(CheckHostName ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateNameMismatch)) == SslPolicyErrors.None,
    };

    private X509ChainPolicy? ChainPolicy()
    {
        if (TrustedAuthorities is null)
        {
            return null;
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(TrustedAuthorities);
        return policy;
    }
}
