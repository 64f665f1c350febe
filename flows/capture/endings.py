"""Top-level domains besides the common ones: the rest of IANA's root zone, in ASCII.

From the ICANN section of the Public Suffix List. What recognisers write for "com" and the like
("mom", "cam", "met") is left out, although it exists.
"""

from __future__ import annotations

_NAMES = """
ad af ao aq as aw az bb bf bh bj bn bt bv bw cd cf cg ci cm cv cw dm dz et fj gb gd ge gf gi gm gn
gp gq gu gw gy hm ht iq ir je jo kg km kn kp ky kz lb lr ls mc md mg mh mo mp mq mr mv mw mz na nc
ne nf nr nu om pf pn ps rw sb sd sj sl sm sn ss sy sz td tf tg tj tm tz ug uz va vi ye yt zm zw
aaa aarp abarth abb abbott abbvie abc able abogado abudhabi accenture accountant aco actor ads
adult aeg aetna afl agakhan aig airbus airforce airtel akdn alfaromeo alibaba alipay allfinanz
allstate ally alsace alstom amazon americanexpress americanfamily amex amfam amica analytics
android anquan anz aol apartments apple aquarelle arab aramco archi army arte asda athleta
attorney auction audi audible auspost author autos avianca aws axa azure baby baidu banamex
bananarepublic barcelona barclaycard barclays barefoot bargains baseball basketball bauhaus bayern
bbc bbt bbva bcg bcn beats bentley best bestbuy bet bharti bible bid bing bingo black blackfriday
blockbuster bloomberg blue bms bmw bnpparibas boats boehringer bofa bom bond boo book booking
bosch bostik boston bot boutique box bradesco bridgestone broadway broker brother brussels
business buy buzz bzh cab cal calvinklein camera camp canon capetown capitalone car caravan cards
career casa case casino catering catholic cba cbn cbre cbs cern cfa cfd chanel channel chase chat
cheap chintai christmas chrome cipriani circle cisco citadel citi citic cityeats claims cleaning
click clinique clothing clubmed coach college cologne comcast commbank community compare comsec
condos contact contractors cooking cookingchannel cool corsica coupon coupons cpa creditcard
creditunion cricket crown crs cruise cruises cuisinella cymru cyou dabur dad dance date dating
datsun day dclk dds deal dealer deals degree dell deloitte delta democrat dentist desi dhl
diamonds diet discount discover dish diy dnp docs dot download drive dtv dubai dunlop dupont
durban dvag dvr earth eat edeka emerck engineer enterprises epson equipment ericsson erni esq
etisalat eurovision eus exposed extraspace fage fail fairwinds faith family fan fans farmers fast
fedex feedback ferrari ferrero fiat fidelity fido final fire firestone firmdale fish fishing fit
flickr flights flir florist fly foo food foodnetwork football ford forex forsale forum fox free
fresenius frl frogans frontdoor frontier ftr fujitsu furniture futbol fyi gal gallo gallup gap gay
gbiz gdn gea gent genting george ggee gift giving glass gle globo gmail gmo gmx godaddy gold
goldpoint golf goo goodyear goog google gop got grainger graphics gratis gripe grocery guardian
gucci guge guitars hair hangout haus hbo hdfc hdfcbank healthcare help helsinki here hermes hgtv
hiphop hisamitsu hitachi hiv hkt hockey holiday homedepot homegoods homesense honda horse hot
hoteles hotels hotmail hsbc hughes hyatt hyundai ibm icbc ice icu ieee ifm ikano imamat imdb immo
immobilien infiniti ing ink institute insure intuit ipiranga irish ismaili istanbul itau itv
jaguar java jcb jeep jetzt jio jll jmp jnj joburg jot joy jpmorgan jprs juegos juniper kaufen kddi
kerryhotels kerrylogistics kerryproperties kfh kia kids kim kinder kindle kiwi komatsu kosher kpmg
kpn krd kred kuokgroup kyoto lacaixa lamborghini lamer lancaster lancia land landrover lanxess
lasalle lat latino latrobe lawyer lds lease leclerc lefrak lego lexus lgbt lidl lifeinsurance
lifestyle lighting like lilly limo lincoln linde lipsy living llp loan locker locus lol lotte
lotto love lpl lplfinancial ltda lundbeck luxe luxury macys madrid maif maison makeup man mango
map market markets marriott marshalls maserati mattel mba mckinsey med meet melbourne meme
memorial men menu merckmsd microsoft mini mint mit mitsubishi mlb mls mma mobile moda moe moi
monash monster mormon mortgage moto motorcycles mov msd mtn mtr mutual nab nagoya natura navy nba
nec netbank netflix neustar new next nextdirect nexus nfl nhk nico nike nikon nissan nissay nokia
northwesternmutual norton now nowruz nowtv nra nrw ntt obi observer office okinawa olayan
olayangroup oldnavy ollo omega onion onl ooo open oracle orange origins osaka otsuka ott ovh
panasonic pars passagens pay pccw pfizer phd philips phone photo physio pictet pictures pid pin
ping pink pioneer place playstation plumbing plus pnc pohl poker politie porn pramerica praxi
prime prod productions prof progressive promo property protection pru prudential pub pwc qpon
quebec quest racing radio read realestate realtor recipes red redstone redumbrella rehab reise
reisen reit reliance ren rent rentals repair republican rest review rexroth rich richardli ricoh
ril rio rip rocher rocks rodeo rogers room rsvp rugby ruhr run rwe ryukyu saarland safe safety
sakura sale samsclub samsung sandvik sandvikcoromant sanofi sap sarl sas save saxo sbi sbs sca scb
schaeffler schmidt scholarships schule schwarz science scot search seat secure security seek
select sener seven sew sex sexy sfr shangrila sharp shaw shell shia shiksha shoes shopping shouji
showtime silk sina singles ski skin sky skype sling smart smile sncf soccer social softbank sohu
solar song sony soy sport spot srl stada staples star statebank statefarm stc stcgroup stockholm
storage stream study sucks surf surgery suzuki swatch swiss sydney tab taipei talk taobao target
tatamotors tatar tattoo taxi tci tdk temasek tennis teva thd theatre tiaa tienda tiffany tires
tirol tjmaxx tjx tkmaxx tmall top toray toshiba total tours toyota travelchannel travelers
travelersinsurance trust trv tube tui tunes tushu tvs ubank ubs unicom uno uol ups vacations vana
vanguard verisign versicherung viajes vig viking villas vin vip virgin visa vision viva vivo
vlaanderen vodka volkswagen volvo voting voto voyage vuelos wales walmart walter wang wanggou
watch watches weather weatherchannel webcam weber weibo weir whoswho williamhill win windows
winners wme wolterskluwer woodside work wow wtc wtf xbox xerox xfinity xihuan xin xxx yachts yahoo
yamaxun yandex yodobashi yokohama you youtube yun zappos zara zero zip zuerich
"""
RARE_TLDS = frozenset(_NAMES.split())
