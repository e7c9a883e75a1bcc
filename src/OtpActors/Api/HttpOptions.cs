using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Api;

/// <summary>The HTTP side of <c>serve</c>: where it listens, and who may do what.</summary>
public sealed partial class HttpOptions : IValidatableObject
{
    /// <summary>The audit's name for the command line of the service's own user, which has a key without a setting.</summary>
    internal const string LocalCaller = "local";

    /// <summary>Where it listens. Default <c>http://127.0.0.1:8080</c>: this machine alone. Port 0 takes a free one.</summary>
    [Required]
    [Shown]
    public string Url { get; set; } = "http://127.0.0.1:8080";

    /// <summary>
    /// Lets callers without a key read and operate where the service listens beyond this machine. Default false: without
    /// <see cref="ApiKeys"/> it refuses to start there. Passwords are never revealed to a caller without a key.
    /// </summary>
    public bool AllowAnonymous { get; set; }

    /// <summary>Who may call. With none, callers on this machine may read and operate. <c>OtpActors api-key</c> makes one.</summary>
    [ValidateEnumeratedItems]
    public List<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>The largest body of a request, in bytes. Default 4 MiB.</summary>
    [Range(1_024, 1_073_741_824)]
    public long MaxBodyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Requests a second that one caller (key, else address) may make, on the average. Default 500.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerSecond { get; set; } = 500;

    /// <summary>
    /// Names that the service may be called by beside its own: of this machine (<c>localhost</c>, 127.0.0.1, ::1), and by
    /// address where it listens beyond it. <c>*.example.com</c> stands for all names beneath, <c>*</c> for any: then something
    /// in front of it must check them.
    /// </summary>
    [Shown]
    public List<string> AllowedHosts { get; set; } = [];

    /// <summary>Connections at a time. Default 4,000.</summary>
    [Range(1, 1_000_000)]
    public int Connections { get; set; } = 4_000;

    /// <summary>Connections of one address at a time. Default 1,000.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsPerCaller { get; set; } = 1_000;

    /// <summary>Streams of events at a time. Default 500.</summary>
    [Range(1, 1_000_000)]
    public int EventStreams { get; set; } = 500;

    /// <summary>Streams of events of one caller (key, else address) at a time. Default 50.</summary>
    [Range(1, 1_000_000)]
    public int EventStreamsPerCaller { get; set; } = 50;

    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback => TryParse(out var uri) && (uri.IsLoopback || uri.Host is "localhost");

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (!TryParse(out _))
        {
            yield return new ValidationResult(
                $"Url is not a place to listen at: write http://ADDRESS:PORT, with an IP address, localhost, or * for all.", [nameof(Url)]);
        }
        else if (!IsLoopback && ApiKeys.Count == 0 && !AllowAnonymous)
        {
            yield return new ValidationResult(
                $"Url: {Url} can be reached from other machines, and anybody could operate the service: make a key with "
                + "`OtpActors api-key`, put its hash into OtpActors:Http:ApiKeys, or say OtpActors:Http:AllowAnonymous=true.",
                [nameof(ApiKeys)]);
        }

        if (AllowedHosts.Any(host => !HostName().IsMatch(host)))
        {
            yield return new ValidationResult("AllowedHosts: each must be a name without a port, *.SUFFIX, or *.", [nameof(AllowedHosts)]);
        }

        if (ApiKeys.Any(key => key.Name == LocalCaller))
        {
            yield return new ValidationResult(
                $"ApiKeys: the name '{LocalCaller}' is the command line's on this machine: choose another one.", [nameof(ApiKeys)]);
        }

        foreach (var repeated in ApiKeys.GroupBy(key => key.Name).Where(group => group.Count() > 1))
        {
            yield return new ValidationResult($"ApiKeys: the name '{repeated.Key}' is there {repeated.Count()} times.", [nameof(ApiKeys)]);
        }
    }

    [GeneratedRegex(@"\A(\*|(\*\.)?[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,250}[a-zA-Z0-9_])?|\[[0-9a-fA-F:.]{2,45}\])\z")]
    private static partial Regex HostName();

    private bool TryParse(out Uri uri) =>
        Uri.TryCreate(
            Url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal),
            UriKind.Absolute, out uri!)
        && uri.Scheme == Uri.UriSchemeHttp && uri.AbsolutePath == "/" && uri.Query.Length == 0 && uri.UserInfo.Length == 0
        && (uri.Host is "localhost" || IPAddress.TryParse(uri.Host.Trim('[', ']'), out _));
}

/// <summary>A caller: its name for the log, the digest of its key, and what it may do.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>For the log; never the key.</summary>
    [Required, RegularExpression("[a-zA-Z0-9._-]{1,64}", ErrorMessage = "{0} must be 1 to 64 of the characters a-z A-Z 0-9 . _ -")]
    [Shown]
    public string Name { get; set; } = "";

    /// <summary>SHA-256 of the key, in hexadecimal. Keys are 256 random bits, so that a plain digest is enough.</summary>
    [Required, RegularExpression("[0-9a-fA-F]{64}", ErrorMessage = "{0} must be the 64 hexadecimal digits that `OtpActors api-key` prints")]
    public string Sha256 { get; set; } = "";

    /// <summary>What it may do; at least one.</summary>
    [MinLength(1, ErrorMessage = "Scopes must name what the key may do: Read, Operate or Reveal, as Scopes:0=Read")]
    public List<ApiScope> Scopes { get; set; } = [];
}

/// <summary>What a caller may do. None includes another.</summary>
public enum ApiScope
{
    /// <summary>See runs, topics and masked records.</summary>
    Read,

    /// <summary>Start and steer runs, publish records, redrive dead letters, change schedules.</summary>
    Operate,

    /// <summary>See passwords. Every use is written to the log.</summary>
    Reveal,
}
