using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>Trusts the authorities of a file in place of the system's. The server's name must fit all the same.</summary>
public sealed class ServerTrust(X509Certificate2Collection authorities)
{
    /// <exception cref="SettingsException">The file cannot be read or holds no certificate.</exception>
    public static ServerTrust Load(string file)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities.Count > 0
                ? new ServerTrust(authorities)
                : throw new SettingsException($"Mail:Smtp:TrustedCertificates: '{file}' holds no certificate.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SettingsException($"Mail:Smtp:TrustedCertificates: '{file}' cannot be read: {e.Message}");
        }
    }

    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
        {
            return false;
        }

        using var trusted = new X509Chain();
        trusted.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        trusted.ChainPolicy.CustomTrustStore.AddRange(authorities);
        trusted.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // authorities of a file seldom publish lists
        trusted.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1")); // server authentication
        foreach (var element in chain?.ChainElements.AsEnumerable() ?? [])
        {
            trusted.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        using var own = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return trusted.Build(own);
    }
}
