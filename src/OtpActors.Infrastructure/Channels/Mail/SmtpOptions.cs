using System.ComponentModel.DataAnnotations;
using System.Net;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Channels.Mail;

public enum SmtpSecurity
{
    /// <summary>A connection that turns to TLS before anything is said (RFC 3207); without it nothing is sent.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,
}

/// <summary>The mail server and how it is used.</summary>
public sealed record SmtpOptions
{
    /// <summary>Default <c>localhost</c>.</summary>
    [Required, StringLength(253)]
    [RegularExpression("[^@/]*", ErrorMessage = "{0} must be a name or an address; user and password have settings of their own")]
    [Shown]
    public string Host { get; init; } = "localhost";

    /// <summary>Default 587, submission; TLS from the first byte is usually 465.</summary>
    [Range(1, 65_535)]
    public int Port { get; init; } = 587;

    /// <summary>Default <c>StartTls</c>.</summary>
    public SmtpSecurity Security { get; init; }

    /// <summary>Speaks without TLS; only to this machine itself. Default false.</summary>
    public bool AllowPlaintext { get; init; }

    /// <summary>A PEM file with the authorities that are trusted in place of the system's; none by default.</summary>
    [Shown]
    public string? TrustedCertificates { get; init; }

    /// <summary>Who signs in; none by default.</summary>
    [StringLength(320)]
    public string? User { get; init; }

    /// <summary>Signs <see cref="User"/> in by the best of what the server offers: SCRAM, LOGIN, PLAIN.</summary>
    public Secret? Password { get; init; }

    /// <summary>A file with an OAuth 2 access token, read for each connection: signs <see cref="User"/> in in place of a password.</summary>
    [Shown]
    public string? AccessTokenFile { get; init; }

    /// <summary>Connections, each with a worker of its own. Default 4; rate × 3.3 × round-trip time is enough.</summary>
    [Range(1, 100)]
    public int Connections { get; init; } = 4;

    /// <summary>Connecting, TLS and signing in together. Default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>One mail, from the first command to the server's last word. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection without work is closed after this. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Tries after the first of a mail that was deferred. Default 4.</summary>
    [Range(0, 20)]
    public int Retries { get; init; } = 4;

    /// <summary>The wait before the second try; tripled for each further one, up to two minutes. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:02:00")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long nothing is tried after the server refused connection, sign-in, TLS or sender. Default 3 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan BreakFor { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What does not go together.</summary>
    internal IEnumerable<ValidationResult> Faults()
    {
        if (AllowPlaintext && !IsLoopback)
        {
            yield return new ValidationResult("Mail:Smtp:AllowPlaintext is for a server on this machine: Mail:Smtp:Host is another one.");
        }

        if (User is null ? Password is not null || AccessTokenFile is not null : (Password is null) == (AccessTokenFile is null))
        {
            yield return new ValidationResult("Mail:Smtp:User takes either Password or AccessTokenFile, and neither goes without it.");
        }
    }

    private bool IsLoopback =>
        Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(Host, out var ip) && IPAddress.IsLoopback(ip);
}
