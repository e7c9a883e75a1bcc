using System.Net;

namespace OtpActors.Api;

/// <summary>
/// A page of another site can have its own name lead to this service (DNS rebinding), and then is of the same site for the
/// browser. So the name by which the service is called must be one of its own.
/// </summary>
internal static class AllowedHosts
{
    public static void UseAllowedHosts(this WebApplication app, HttpOptions options) => app.Use((context, next) =>
        Allows(options, context.Request.Host.Host, context.Connection.LocalIpAddress)
            ? next(context)
            : throw new ApiProblemException(
                403, "wrong_host", "The service does not go by this name.", "Host",
                options.IsLoopback
                    ? "Call it as 127.0.0.1 or localhost, or add the name to OtpActors:Http:AllowedHosts."
                    : "Call it by its address, or add the name to OtpActors:Http:AllowedHosts."));

    /// <summary>
    /// This machine's own names always; the address that the connection came to; of a service that other machines reach any
    /// address, since a name alone can be made to lead elsewhere; and the names of the settings.
    /// </summary>
    internal static bool Allows(HttpOptions options, string host, IPAddress? local)
    {
        if (options.AllowedHosts.Any(allowed => Matches(allowed, host)) || host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var bare = host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
        return IPAddress.TryParse(bare, out var address) && address.ToString().Equals(bare, StringComparison.OrdinalIgnoreCase)
            && (IPAddress.IsLoopback(address) || !options.IsLoopback || Same(address, local));
    }

    private static bool Same(IPAddress address, IPAddress? local) =>
        local is not null && address.Equals(local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local);

    /// <summary>A name, <c>*.suffix</c> for all beneath one, or <c>*</c> for all.</summary>
    private static bool Matches(string allowed, string host) =>
        allowed == "*" || allowed.Equals(host, StringComparison.OrdinalIgnoreCase)
        || allowed.StartsWith("*.", StringComparison.Ordinal) && host.Length >= allowed.Length && host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase);
}
