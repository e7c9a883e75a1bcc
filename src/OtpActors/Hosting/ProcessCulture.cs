using System.Globalization;
using OtpActors.Domain.Records;

namespace OtpActors.Hosting;

/// <summary>
/// One culture for the process, whatever the environment says (<c>LC_ALL</c>): ids, keys and sums must not depend on it.
/// </summary>
public static class ProcessCulture
{
    /// <summary>Addresses in a form that only normalization and international domain names bring to the other's.</summary>
    private static readonly (string Given, string Form)[] Samples =
    [
        ("ju\u0308rgen@bu\u0308cher.example", "j\u00FCrgen@xn--bcher-kva.example"),
        ("jane@\uFF25xample.com", "jane@example.com"),
        ("jane@\u4F8B\u3048\u3002jp", "jane@xn--r8jz45g.jp"),
    ];

    /// <summary>To be called before anything else: threads that are there already keep their culture.</summary>
    public static void MakeInvariant()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.InvariantCulture;
    }

    /// <summary>
    /// Why addresses would not get their one form in this process, and what to do; null where they do. Without ICU the same
    /// address would be stored twice, or sent to another domain.
    /// </summary>
    public static string? WhyUnfit()
    {
        foreach (var (given, form) in Samples)
        {
            if (!IsRead(given, form))
            {
                return "International addresses cannot be told apart in this environment: .NET runs without ICU "
                    + "(invariant globalization). Unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT, or set it to false, and install "
                    + "ICU's libraries (libicu; images have them as 'extra').";
            }
        }

        return null;
    }

    private static bool IsRead(string given, string form)
    {
        try
        {
            return EmailAddress.TryParse(given, out var address, out _) && address.Value == form;
        }
        catch (Exception e) when (e is PlatformNotSupportedException or ArgumentException)
        {
            return false;
        }
    }
}
