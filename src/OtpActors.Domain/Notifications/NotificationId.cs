using System.Security.Cryptography;
using System.Text;
using OtpActors.Domain.Records;

namespace OtpActors.Domain.Notifications;

/// <summary>Deterministic names of notifications: a function of run, store, channel and address.</summary>
public static class NotificationId
{
    /// <summary><c>runId.store.channel.HASH</c>, the hash being 16 hexadecimal digits of SHA-256 over the address.</summary>
    public static string For(string runId, string store, string channel, EmailAddress email)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(email.Value), hash);
        return $"{runId}.{store}.{channel}.{Convert.ToHexStringLower(hash[..8])}";
    }
}
