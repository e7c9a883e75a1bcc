namespace OtpActors.Api;

/// <summary>Where a service is reached, made of where it listens or of what somebody has typed.</summary>
internal static class ServiceUrl
{
    /// <summary>The address to call: of one that stands for all addresses, this machine's own.</summary>
    /// <exception cref="FormatException">It is no address of a service; what is wrong with it does not repeat it.</exception>
    public static Uri Reachable(string place)
    {
        var concrete = place.Replace("//*", "//127.0.0.1", StringComparison.Ordinal).Replace("//+", "//127.0.0.1", StringComparison.Ordinal);
        if (!Uri.TryCreate(concrete, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            throw new FormatException("it must be http://ADDRESS:PORT or https://ADDRESS");
        }

        var host = uri.Host switch
        {
            "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            _ => uri.Host,
        };
        return new UriBuilder(uri.Scheme, host, uri.Port, uri.AbsolutePath.EndsWith('/') ? uri.AbsolutePath : $"{uri.AbsolutePath}/").Uri;
    }
}
